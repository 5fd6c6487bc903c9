"""One HTTP request as the client saw it: one count, one duration, one log line."""

import asyncio
import logging
from collections.abc import Awaitable
from time import perf_counter
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.endpoints import UNMATCHED
from burnrate.telemetry.failures import failed, guard
from burnrate.telemetry.logs import RequestLine, mark_logged
from burnrate.telemetry.metrics import HTTP_METHODS
from burnrate.telemetry.recorder import HttpRecorder
from burnrate.telemetry.traces import ServerSpan

# nginx's own number for it; no registered status says that the client left before the answer.
CLIENT_CLOSED_REQUEST: Final = 499
INTERNAL_ERROR: Final = 500
# What RequestLine(...) calls; calling it directly saves a Python function.
_new: Final = tuple.__new__


class HttpExchange:
    """Stands between server and application for one request.

    The status is 500 until the application says otherwise, 499 when the client left before the
    last byte, and 500 again when a stream breaks after its 200.

    Attributes:
        span: The request's server span, if it is sampled.
        is_closed: Whether all is recorded and logged.
    """

    # Defaults on the class cost nothing for the many requests that never change them.
    span: ServerSpan | None = None
    is_closed = False
    _status = INTERNAL_ERROR
    _seconds = 0.0
    _endpoint = UNMATCHED
    _error: BaseException | None = None
    _is_client_gone = False
    _is_recorded = False

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request: RequestInfo,
        recorder: HttpRecorder,
    ) -> None:
        self._started = perf_counter()
        self._scope = scope
        self._receive = receive
        self._send = send
        self._request = request
        self._recorder = recorder
        # Taken now: mounts change the root path in the scope while they pass it on.
        self._root_path: str = scope.get("root_path") or ""
        recorder.enter(1.0)

    async def receive(self) -> Message:
        """Pass on what the client sends, noticing when it leaves."""
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self._is_recorded:
            self._is_client_gone = True
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Pass on what the application answers; the last byte ends the duration."""
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
            request_id = (b"x-request-id", self._request.request_id.encode("ascii"))
            # A new list: an application may keep its answer and send it again.
            message["headers"] = [*message.get("headers", ()), request_id]
            if self._status == INTERNAL_ERROR:
                # A server closes the connection after an application raised. Announced, so that no
                # proxy sends its next request into a connection that is about to close.
                message["headers"].append((b"connection", b"close"))
        elif kind == "http.response.body" and not message.get("more_body", False):
            return self._send_last(message)
        return self._send(message)

    async def _send_last(self, message: Message) -> None:
        await self._send(message)
        if self._is_recorded:
            return
        try:
            self._record()
            # An unhandled exception arrives after its 500 has been sent, and belongs in the line.
            if self._status < INTERNAL_ERROR:
                self._close()
        except Exception as error:  # noqa: BLE001 - the answer is out; the application goes on
            failed("requests", error)

    def fail(self, error: BaseException) -> None:
        """Remember what the application raised; `finish` logs it."""
        self._error = error
        if isinstance(error, ClientDisconnect) and not self._is_recorded:
            self._is_client_gone = True

    def finish(self) -> None:
        """Record and log what is not recorded and logged yet: the application has returned."""
        if not self._is_recorded:
            # No last byte: the application broke, gave up, or the client left.
            self._status = INTERNAL_ERROR
            with guard("requests"):
                self._record()
        with guard("requests"):
            self._close()

    def _record(self) -> None:
        self._is_recorded = True
        self._seconds = perf_counter() - self._started
        if self._is_client_gone or _is_disconnected(self._receive):
            self._status = CLIENT_CLOSED_REQUEST
        scope, recorder = self._scope, self._recorder
        path = scope["path"].removeprefix(self._root_path)
        self._endpoint = recorder.endpoints.resolve(scope, path)
        recorder.record(scope["method"], self._endpoint, self._status, self._seconds, self._request)

    def _close(self) -> None:
        """Write the line and end the span; nothing more will be known."""
        self.is_closed = True
        if self.span is not None:
            error = self._error if isinstance(self._error, Exception) else None
            with guard("traces"):
                self.span.finish(self._endpoint, self._status, error)
        if self._error is not None or self._recorder.is_logged(self._status, self._seconds):
            self._log_line()

    def _log_line(self) -> None:
        scope, error, status = self._scope, self._error, self._status
        method = scope["method"]
        client = scope.get("client")
        line: RequestLine = _new(
            RequestLine,
            (
                method,
                scope["path"],
                self._endpoint,
                status,
                self._seconds,
                client[0] if client else None,
            ),
        )
        if error is None and status < INTERNAL_ERROR and method in HTTP_METHODS:
            line.write(self._request)
            return
        if error is not None:
            mark_logged(error)
        if status < INTERNAL_ERROR:
            line.log(logging.INFO, None)
        elif error is None or isinstance(error, asyncio.CancelledError):
            line.log(logging.WARNING, None)
        else:
            line.log(logging.ERROR, error)


def _is_disconnected(receive: Receive) -> bool:
    """Ask uvicorn whether the client left; asking by `receive` could wait for ever.

    uvicorn passes a bound method of its request cycle and drops in silence what is sent to a
    client that is gone, so nothing else would tell a handler that never reads.
    """
    return getattr(getattr(receive, "__self__", None), "disconnected", False) is True
