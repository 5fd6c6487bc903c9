"""One WebSocket: a connection is not a request, so it has no HTTP duration."""

import logging
from time import perf_counter
from typing import Final

from prometheus_client import Counter
from starlette.types import Message, Receive, Scope, Send

from burnrate.telemetry.endpoints import UNMATCHED, Endpoints
from burnrate.telemetry.failures import guard
from burnrate.telemetry.logs import mark_logged
from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.traces import ServerSpan

_log: Final = logging.getLogger("burnrate.websocket")


class WebSocketExchange:
    """Counts the messages of one connection and shows it while it is open."""

    is_closed = False

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        metrics: Metrics,
        endpoints: Endpoints,
    ) -> None:
        self._started = perf_counter()
        self._scope = scope
        self._receive = receive
        self._send = send
        self._metrics = metrics
        self._endpoints = endpoints
        self._path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        self._endpoint: str | None = None
        self._received: Counter | None = None
        self._sent: Counter | None = None
        self._close_code: int | None = None
        self._error: BaseException | None = None
        self.span: ServerSpan | None = None

    async def receive(self) -> Message:
        """Pass on what the client sends, counted."""
        message = await self._receive()
        if message["type"] == "websocket.receive" and self._received is not None:
            self._received.inc()
        elif message["type"] == "websocket.disconnect":
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

    def fail(self, error: BaseException) -> None:
        """Remember what the application raised; `finish` logs it."""
        self._error = error

    @guard("requests")
    def finish(self) -> None:
        """Show the connection as closed and write its line."""
        self.is_closed = True
        if self._endpoint is not None:
            self._metrics.websocket_connections.labels(self._endpoint).dec()
        error = self._error if isinstance(self._error, Exception) else None
        if self.span is not None:
            status = 500 if error is not None else 101 if self._endpoint is not None else 403
            with guard("traces"):
                self.span.finish(self._endpoint or UNMATCHED, status, error)
        if error is not None:
            mark_logged(error)
        client = self._scope.get("client")
        _log.log(
            logging.INFO if error is None else logging.ERROR,
            "websocket %s %s",
            self._scope["path"],
            "refused" if self._endpoint is None else "closed",
            exc_info=error,
            extra={
                "path": self._scope["path"],
                "route": self._endpoint,
                "close_code": self._close_code,
                "connected_seconds": round(perf_counter() - self._started, 6),
                "client": client[0] if client else None,
            },
        )

    def _open(self) -> None:
        self._endpoint = self._endpoints.resolve(self._scope, self._path)
        self._metrics.websocket_connections.labels(self._endpoint).inc()
        messages = self._metrics.websocket_messages
        self._received = messages.labels(self._endpoint, "received")
        self._sent = messages.labels(self._endpoint, "sent")
