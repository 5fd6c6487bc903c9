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
from burnrate.telemetry.exchanges import answer
from burnrate.telemetry.exchanges.answer import BODIES, INTERNAL_ERROR, START, TRAILERS
from burnrate.telemetry.exchanges.unanswered import (
    CLIENT_CLOSED_REQUEST,
    GATEWAY_TIMEOUT,
    Unanswered,
    is_disconnected,
)
from burnrate.telemetry.failures import failed, guard
from burnrate.telemetry.logs import RequestLine, mark_logged
from burnrate.telemetry.metrics import HTTP_METHODS
from burnrate.telemetry.recorder import HttpRecorder
from burnrate.telemetry.traces import Outcome

_CLIENT_ERROR: Final = 400
_WRITTEN: Final = "http.response.body"
# What fits into the buffers of socket and server, so that sending it waits for no client.
_SHORT_BYTES: Final = 65_536
# What RequestLine(...) calls; calling it directly saves a Python function.
_new: Final = tuple.__new__
_background: Final = logging.getLogger("burnrate.background")


class HttpExchange(Unanswered):
    """Stands between server and application for one request.

    The status is 500 until the application says otherwise, 499 when the client left before the
    last byte, and 500 again when an answer breaks after its 200.

    Attributes:
        is_closed: Whether all is recorded and logged.
    """

    # Defaults on the class cost nothing for the many requests that never change them.
    is_closed = False
    _ends = BODIES
    _more = "more_body"
    _status = INTERNAL_ERROR
    _seconds = 0.0
    _endpoint = UNMATCHED
    _error: BaseException | None = None
    _inner_error: BaseException | None = None
    _is_complete = False
    _is_extended = False
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
        self._scope = self.routed = scope
        self._receive = receive
        self._send = send
        self.request = request
        self._recorder = recorder
        recorder.enter(1.0)
        recorder.open[self] = None

    async def receive(self) -> Message:
        """Pass on what the client sends, noticing when it leaves."""
        if self._is_body_read:
            message = await self._receive()
        else:
            self._is_reading = True
            try:
                message = await self._receive()
                # Before anybody can see that it reads no more.
                self._read_seconds = perf_counter() - self._started
            finally:
                self._is_reading = False
            self._is_body_read = not message.get("more_body", False)
        if message["type"] == "http.disconnect" and not self._is_complete:
            self._is_client_gone = True
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Pass on what the application answers; the last byte ends the duration."""
        kind = message["type"]
        if kind == START:
            message = self._announce(message)
        elif kind in self._ends:
            if not message.get(self._more, False):
                return self._send_last(message)
            self.begin_answer(message)
        elif kind in BODIES:  # trailers follow
            self.begin_answer(message)
        elif answer.is_extension(kind):
            self._is_extended = True
            self.begin_answer(message)
        return self._send(message)

    def _announce(self, message: Message) -> Message:
        status = self._status = message.get("status", INTERNAL_ERROR)
        # A server closes the connection after an application raised. Announced, so that no proxy
        # sends its next request into a connection that is about to close.
        is_closing = status >= _CLIENT_ERROR and answer.is_unhandled(self._scope)
        message = answer.with_headers(message, self.request.request_id, is_closing=is_closing)
        if self._recorder.internal:
            message = self._for_proxy(message)
        if message.get("trailers", False):
            self._ends, self._more = TRAILERS, "more_trailers"
            self._is_extended = True  # a server that knows no trailers is not sent any
        self._start = message
        return message

    def _for_proxy(self, message: Message) -> Message:
        with guard("requests"):
            recorder, scope = self._recorder, self.routed
            kind, deadline = recorder.kind_of(scope), recorder.deadline_of(scope)
            if kind is not None or deadline is not None:
                return answer.for_proxy(message, kind, deadline)
        return message

    async def _send_last(self, message: Message) -> None:
        is_late = False  # handed on: an attribute that nobody has set is the slowest to look up
        try:
            del self._recorder.open[self]
        except KeyError:
            self._is_counted |= not (self.is_exempt or self._is_complete)
            is_late = self._is_counted
        try:
            await self._send(message)
        except BaseException:
            self.is_exempt = True  # it is ours to count
            raise
        if self._is_complete:
            return
        self._is_complete = True
        seconds = self._seconds = perf_counter() - self._started
        if seconds >= self._recorder.limits.shortest and _is_short(message):
            with guard("requests"):
                self._is_overdue = self.has_passed(seconds)
            is_late = True
        # Behind a middleware that ends what broke inside it, the error is still to come. So is an
        # unhandled exception after its 500, and it belongs in the line.
        if self._inner_error is not None:
            return
        is_failed = self._status >= INTERNAL_ERROR
        try:
            self._record(is_late=is_late)
            if not is_failed:
                self._close(is_late=is_late)
        except Exception as error:  # noqa: BLE001 - the answer is out; the application goes on
            failed("requests", error)

    @property
    def is_notable(self) -> bool:
        """Whether it failed or was slow, so that somebody may ask for its trace."""
        # Of each request it is asked once more, so nothing is called for the many that are neither.
        recorder, seconds = self._recorder, self._seconds
        if self._status < INTERNAL_ERROR and seconds < recorder.slow_seconds:
            is_old = seconds >= recorder.limits.shortest
            return is_old and self._is_overdue and not self.is_traced
        return not self.is_traced

    @property
    def outcome(self) -> Outcome:
        """What became of it, once it has finished."""
        error = self._error if isinstance(self._error, Exception) else None
        return Outcome(
            self._endpoint,
            GATEWAY_TIMEOUT if self._is_overdue else self._status,
            error,
            self._started,
            self._seconds,
            self._is_overdue,
        )

    def break_inside(self, error: BaseException) -> None:
        """Remember what the routes raised: a middleware around them may end the answer."""
        if not self._is_complete:
            self._inner_error = error

    def fail(self, error: BaseException) -> None:
        """Remember what the application raised; `finish` logs it."""
        if self.is_closed:
            with guard("requests"):
                self._report_late(error)
            return
        self._error = error
        if isinstance(error, ClientDisconnect) and not self._is_complete:
            self._is_client_gone = True

    def finish(self) -> None:
        """Record and log what is not recorded and logged yet: the application has returned."""
        if not self._is_recorded:
            if not self._is_complete:
                self._seconds = perf_counter() - self._started
                if not self.is_exempt:
                    self.claim()
            with guard("requests"):
                if not self._is_whole():
                    self._status = INTERNAL_ERROR
                if not self._is_complete:
                    self._is_overdue = self.has_passed(self._seconds)
                self._record(is_late=True)
        with guard("requests"):
            self._close(is_late=True)

    def _is_whole(self) -> bool:
        """Say whether the client got all there was, though no last byte was seen to end it well."""
        if self._error is None:
            # Else it gave up, or a message that is not known here ended the answer.
            return self._is_complete or (self._is_extended and self._start is not None)
        if _is_left(self._error):
            # Nothing else ends such an answer: the client leaves, or the server stops.
            return answer.is_endless(self._start)
        return False

    def _record(self, *, is_late: bool) -> None:
        """Count it, at its end.

        Args:
            is_late: Whether it may have passed its deadline.
        """
        self._is_recorded = True
        if self._is_client_gone or is_disconnected(self._receive):
            self._status = self._left_status()
            self._is_overdue = False
        try:
            self._endpoint = self._recorder.endpoints.resolve(self.routed)
        except Exception as error:  # noqa: BLE001 - counted all the same, as `unmatched`
            failed("requests", error)
        if is_late and (self._is_counted or self._is_overdue):
            self._record_late()
            return
        self._recorder.record(
            self._scope["method"], self._endpoint, self._status, self._seconds, self.request
        )

    def _record_late(self) -> None:
        """Count what nobody has counted yet of a request that was not answered in time."""
        if self._is_counted:
            self._is_overdue = self.counted_as == GATEWAY_TIMEOUT
            self._recorder.leave()
            return
        method, endpoint = self._scope["method"], self._endpoint
        self._recorder.record(method, endpoint, GATEWAY_TIMEOUT, self._seconds, self.request)
        self._recorder.count_overdue(method, endpoint)

    def _left_status(self) -> int:
        """Return the status of an answer that the client did not wait for; events have no end."""
        is_ended_well = self._error is None or _is_left(self._error)
        if self._start is not None and is_ended_well and answer.is_event_stream(self._start):
            status: int = self._start.get("status", INTERNAL_ERROR)
            return status
        return CLIENT_CLOSED_REQUEST

    def _close(self, *, is_late: bool) -> None:
        """Write the line and end the span; nothing more will be known."""
        is_overdue = is_late and self._is_overdue
        self.is_closed = True
        if self.span is not None and not self.is_traced:
            error = self._error if isinstance(self._error, Exception) else None
            with guard("traces"):
                status = GATEWAY_TIMEOUT if is_overdue else self._status
                self.span.finish(self._endpoint, status, error, is_overdue=is_overdue)
        if (
            self._error is not None
            or self._recorder.is_logged(self._status, self._seconds, self._scope)
            or is_overdue
        ):
            self._log_line(is_overdue=is_overdue)

    def _log_line(self, *, is_overdue: bool) -> None:
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
        is_well = status < INTERNAL_ERROR and not is_overdue
        if error is None and is_well and method in HTTP_METHODS:
            line.write(self.request)
            return
        if error is not None:
            mark_logged(error)
        if error is not None and not _is_left(error):
            line.log(logging.ERROR, error, is_overdue=is_overdue)
        else:
            line.log(logging.INFO if is_well else logging.WARNING, None, is_overdue=is_overdue)

    def _report_late(self, error: BaseException) -> None:
        """Log what was raised after the answer: by a background task, or by a dependency's end."""
        if _is_left(error) or not isinstance(error, Exception):
            return
        mark_logged(error)
        method, path = self._scope["method"], self._scope["path"]
        _background.error(
            "%s %s failed after its answer",
            method,
            path,
            exc_info=error,
            extra={"method": method, "path": path, "route": self._endpoint},
        )


def _is_short(last: Message) -> bool:
    """Say whether sending the last message of an answer has waited for no client."""
    return last["type"] == _WRITTEN and len(last.get("body", b"")) < _SHORT_BYTES


def _is_left(error: BaseException) -> bool:
    """Say whether an exception only tells that the client left or that the server gave up."""
    return isinstance(error, ClientDisconnect | asyncio.CancelledError)
