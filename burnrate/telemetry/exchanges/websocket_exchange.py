"""One WebSocket: a connection is not a request, so it has no HTTP duration."""

import logging
from time import perf_counter
from typing import Final

from opentelemetry.context import Context
from prometheus_client import Counter
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.failures import guard
from burnrate.telemetry.logs import mark_logged
from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.recorder import HttpRecorder
from burnrate.telemetry.traces import Outcome, ServerSpan

_log: Final = logging.getLogger("burnrate.websocket")
_ACCEPTED: Final = 101
_REFUSED: Final = 403
_LEFT: Final = 499
_FAILED: Final = 500
# "The server met a condition that kept it from fulfilling the request", RFC 6455, 7.4.1.
_INTERNAL_ERROR_CODE: Final = 1011
# What the log line calls a session by its outcome.
_WORDS: Final = {
    "ok": "closed",
    "error": "failed",
    "refused": "refused",
    "handshake_error": "failed before it was accepted",
    "left": "left before it was accepted",
}


class WebSocketExchange:
    """Counts the messages and the outcome of one connection and shows it while it is open.

    Attributes:
        request: The connection's ids.
        span: The connection's server span, if it is sampled and ours.
        routed: The connection's scope as its router sees it: a middleware may have copied it.
        has_late_span: Whether its span is to be made now that it is over.
        is_closed: Whether all is recorded and logged.
        parent: The caller's context, if it sent any.
    """

    has_late_span = False
    is_closed = False
    is_plain = False  # ends like any other
    parent: Context | None = None

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request: RequestInfo,
        metrics: Metrics,
        recorder: HttpRecorder,
    ) -> None:
        self._started = perf_counter()
        self._scope = self.routed = scope
        self._receive = receive
        self._send = send
        self.request = request
        self._metrics = metrics
        self._recorder = recorder
        self._endpoints = recorder.endpoints
        self._open_endpoint: str | None = None
        self._received: Counter | None = None
        self._sent: Counter | None = None
        self._refusal: int | None = None
        self._close_code: int | None = None
        self._is_left = self._is_broken = False
        self._error: BaseException | None = None
        self.span: ServerSpan | None = None

    async def receive(self) -> Message:
        """Pass on what the client sends, counted."""
        message = await self._receive()
        if message["type"] == "websocket.receive" and self._received is not None:
            self._received.inc()
        elif message["type"] == "websocket.disconnect":
            self._is_left = True
            self._close_code = message.get("code")
        return message

    async def send(self, message: Message) -> None:
        """Pass on what the application sends, counted; an accept opens the connection."""
        await self._send(message)
        kind = message["type"]
        if kind == "websocket.send" and self._sent is not None:
            self._sent.inc()
        elif kind == "websocket.accept":
            with guard("requests"):
                self._open()
        elif kind == "websocket.close":
            self._close_code = message.get("code", 1000)
            self._is_broken = self._close_code == _INTERNAL_ERROR_CODE
            self._refusal = self._refusal or _REFUSED
        elif kind == "websocket.http.response.start":  # an answer in place of the handshake
            self._refusal = message.get("status", _REFUSED)

    @property
    def outcome(self) -> Outcome:
        """What became of it, once it has finished."""
        endpoint = self._open_endpoint or self._endpoints.resolve(self.routed)
        seconds = perf_counter() - self._started
        return Outcome(endpoint, self._status(), self._error, self._started, seconds)

    def break_inside(self, error: BaseException) -> None:
        """Leave it to `fail`: a middleware between may still handle the error."""

    def fail(self, error: BaseException) -> None:
        """Remember what the application raised; `finish` logs it."""
        # Not catching it is the usual way to end when the client has left.
        is_disconnect = isinstance(error, WebSocketDisconnect) and self._is_left
        if isinstance(error, Exception) and not is_disconnect:
            self._error = error
        else:
            mark_logged(error)

    @guard("requests")
    def finish(self) -> None:
        """Show the connection as closed, count its outcome and write its line."""
        self.is_closed = True
        endpoint = self._open_endpoint or self._endpoints.resolve(self.routed)
        if self._open_endpoint is not None:
            self._metrics.websocket_connections.labels(endpoint).dec()
        outcome = self._outcome()
        self._metrics.websocket_sessions.labels(endpoint, outcome).inc()
        if self.span is not None:
            with guard("traces"):
                self.span.finish(endpoint, self._status(), self._error)
        self._log_line(endpoint, outcome)
        # However long it was open, it is not slow.
        self.has_late_span = self._recorder.takes_late_span(
            self.request, endpoint, self._status(), 0.0
        )

    def _outcome(self) -> str:
        status = self._status()
        if self._open_endpoint is not None:
            return "ok" if status == _ACCEPTED else "error"
        if status >= _FAILED:
            return "handshake_error"
        return "left" if status == _LEFT else "refused"

    def _status(self) -> int:
        """Return the status of the handshake, or that of a session which the server broke."""
        if self._error is not None or self._is_broken:
            return _FAILED
        if self._open_endpoint is not None:
            return _ACCEPTED
        # A server answers for an application that says nothing.
        return self._refusal or (_LEFT if self._is_left else _FAILED)

    def _log_line(self, endpoint: str, outcome: str) -> None:
        error, client = self._error, self._scope.get("client")
        if error is not None:
            mark_logged(error)
        _log.log(
            logging.INFO if error is None else logging.ERROR,
            "websocket %s %s",
            self._scope["path"],
            _WORDS[outcome],
            exc_info=error,
            extra={
                "path": self._scope["path"],
                "route": endpoint,
                "outcome": outcome,
                "close_code": self._close_code,
                "connected_seconds": round(perf_counter() - self._started, 6),
                "client": client[0] if client else None,
            },
        )

    def _open(self) -> None:
        endpoint = self._open_endpoint = self._endpoints.resolve(self.routed)
        self._metrics.websocket_connections.labels(endpoint).inc()
        messages = self._metrics.websocket_messages
        self._received = messages.labels(endpoint, "received")
        self._sent = messages.labels(endpoint, "sent")
