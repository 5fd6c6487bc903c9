"""One HTTP request as the client saw it: one count, one duration, one log line."""

import asyncio
import logging
from bisect import bisect_left
from collections.abc import Callable
from random import random
from time import perf_counter
from typing import Any, Final, Protocol

from opentelemetry.trace import Span
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.logs import mark_logged
from burnrate.telemetry.metrics import HTTP_METHODS, Metrics
from burnrate.telemetry.request_line import RequestLine, is_wanted
from burnrate.telemetry.settings import TelemetrySettings
from burnrate.telemetry.spans import end_server_span

OTHER_METHOD: Final = "OTHER"
# nginx's own number for it; no registered status says that the client left before the answer.
CLIENT_CLOSED_REQUEST: Final = 499
INTERNAL_ERROR: Final = 500
_CLIENT_ERROR: Final = 400
# What a route answers when it or something behind it fails. These series exist at 0 from the
# start, since rate() does not see the first sample of a series.
_SERVER_ERRORS: Final = ("500", "502", "503", "504")


class _Value(Protocol):
    """What prometheus_client keeps the value of one series in."""

    def inc(self, amount: float) -> None:
        """Add."""


class _Children:
    """The series of one label tuple, their values at hand.

    `Counter.inc` and `Histogram.observe` check their arguments and look for the bucket from below;
    here both are known to be right, and that is a third of what a request's metrics cost. The
    attributes are those of prometheus_client 0.2x; `tests/telemetry/test_http.py` compares the
    outcome with what the public calls give.
    """

    __slots__ = ("_add", "_bounds", "_buckets", "_duration", "_requests", "_sum")

    def __init__(self, requests: Counter, duration: Histogram) -> None:
        self._duration = duration
        self._requests: Any = requests._value  # noqa: SLF001
        self._sum: Any = duration._sum  # noqa: SLF001
        self._bounds = duration._upper_bounds  # noqa: SLF001
        self._buckets: list[Any] = duration._buckets  # noqa: SLF001
        # Values in files share a lock, so one is enough for all three.
        self._add = getattr(self._requests, "add_with", self._add_each)

    def record(self, seconds: float, trace_id: str | None) -> None:
        if trace_id is None:
            self._add(1.0, self._sum, seconds, self._buckets[bisect_left(self._bounds, seconds)])
        else:
            self._requests.inc(1.0)
            self._duration.observe(seconds, {"trace_id": trace_id})

    def _add_each(self, amount: float, other: _Value, other_amount: float, third: _Value) -> None:
        self._requests.inc(amount)
        other.inc(other_amount)
        third.inc(1.0)


class HttpRecorder:
    """Writes the HTTP families; the series of a label tuple are looked up once."""

    def __init__(self, metrics: Metrics, settings: TelemetrySettings | None = None) -> None:
        settings = settings or TelemetrySettings()
        self._metrics = metrics
        self._slow_seconds = settings.slow_request_seconds
        self._success_ratio = settings.log_success_ratio
        self._children: dict[tuple[str, str, int], _Children] = {}
        # Without the checks of Gauge.inc and Gauge.dec; the same private attribute as above.
        self.enter: Callable[[float], None] = metrics.http_requests_in_progress._value.inc  # noqa: SLF001
        self.leave = self.enter

    def record(
        self, method: str, endpoint: str, status: int, seconds: float, trace_id: str | None
    ) -> None:
        """Count one request; `trace_id`, of a sampled one, becomes its bucket's exemplar."""
        key = (method, endpoint, status)
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = _Children(
                self._metrics.http_requests.labels(method, endpoint, str(status)),
                self._metrics.http_request_duration.labels(method, endpoint, f"{status // 100}xx"),
            )
        children.record(seconds, trace_id)

    def is_logged(self, status: int, seconds: float) -> bool:
        """Say whether the line of a request that raised nothing is to be written.

        Failed and slow ones always are; of the others the share that the settings say.
        """
        if status >= _CLIENT_ERROR or seconds >= self._slow_seconds:
            return True
        return is_wanted() and (
            self._success_ratio == 1.0 or random() < self._success_ratio  # noqa: S311 - no secret
        )

    def expect(self, endpoints: Endpoints) -> None:
        """Make the series of every route that must be there before their first event."""
        for endpoint in endpoints.build():
            for method in endpoint.methods & HTTP_METHODS:
                for status in _SERVER_ERRORS:
                    self._metrics.http_requests.labels(method, endpoint.template, status)
                for status_class in ("2xx", "5xx"):
                    self._metrics.http_request_duration.labels(
                        method, endpoint.template, status_class
                    )


class HttpExchange:
    """Stands between server and application for one request.

    The status is 500 until the application says otherwise, 499 when the client left before the
    last byte, and 500 again when a stream breaks after its 200.
    """

    __slots__ = (
        "_endpoint", "_endpoints", "_error", "_is_client_gone", "_is_closed", "_is_recorded",
        "_path", "_receive", "_recorder", "_request", "_scope", "_seconds", "_send", "_started",
        "_status", "span",
    )  # fmt: skip

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request: RequestInfo,
        recorder: HttpRecorder,
        endpoints: Endpoints,
    ) -> None:
        self._started = perf_counter()
        self._scope = scope
        self._receive = receive
        self._send = send
        self._request = request
        self._recorder = recorder
        self._endpoints = endpoints
        self._endpoint: str | None = None
        # Taken now: mounts change the root path in the scope while they pass it on.
        root_path, path = scope.get("root_path"), scope["path"]
        self._path: str = path.removeprefix(root_path) if root_path else path
        self._status = INTERNAL_ERROR
        self._seconds = 0.0
        self._error: BaseException | None = None
        self._is_client_gone = False
        self._is_recorded = False
        self._is_closed = False
        self.span: Span | None = None
        recorder.enter(1.0)

    async def receive(self) -> Message:
        """Pass on what the client sends, noticing when it leaves."""
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self._is_recorded:
            self._is_client_gone = True
        return message

    async def send(self, message: Message) -> None:
        """Pass on what the application answers; the last byte ends the duration."""
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
            request_id = (b"x-request-id", self._request.request_id.encode("ascii"))
            # A new list: an application may keep its answer and send it again.
            message["headers"] = [*message.get("headers", ()), request_id]
            if self._status == INTERNAL_ERROR:
                # Servers close the connection of an application that raised. Said beforehand, no
                # proxy writes its next request into a connection that is about to go.
                message["headers"].append((b"connection", b"close"))
        await self._send(message)
        if kind == "http.response.body" and not message.get("more_body", False):
            self._complete()

    def fail(self, error: BaseException) -> None:
        """Take note of what the application raised."""
        self._error = error
        if not self._is_recorded:
            self._status = INTERNAL_ERROR
            if isinstance(error, ClientDisconnect):
                self._is_client_gone = True

    def finish(self) -> None:
        """Record and log what is not recorded and logged yet: the application has returned."""
        if not self._is_recorded:
            # No last byte: the application broke, gave up, or the client left.
            self._status = INTERNAL_ERROR
            self._record()
        if not self._is_closed:
            self._close()

    def _complete(self) -> None:
        if self._is_recorded:
            return
        self._record()
        # An unhandled exception arrives after its 500 has been sent, and belongs into the line.
        if self._status < INTERNAL_ERROR:
            self._close()

    def _record(self) -> None:
        self._is_recorded = True
        self._seconds = perf_counter() - self._started
        self._recorder.leave(-1.0)
        if self._is_client_gone or _is_disconnected(self._receive):
            self._status = CLIENT_CLOSED_REQUEST
        method = self._scope["method"]
        request = self._request
        self._recorder.record(
            method if method in HTTP_METHODS else OTHER_METHOD,
            self._find_endpoint(),
            self._status,
            self._seconds,
            request.trace_id if request.is_sampled else None,
        )

    def _find_endpoint(self) -> str:
        if self._endpoint is None:
            self._endpoint = self._endpoints.resolve(self._scope, self._path)
        return self._endpoint

    def _close(self) -> None:
        """Write the line and end the span; nothing more will be known."""
        self._is_closed = True
        if self.span is not None:
            error = self._error if isinstance(self._error, Exception) else None
            end_server_span(self.span, self._scope, self._find_endpoint(), self._status, error)
        if self._error is not None or self._recorder.is_logged(self._status, self._seconds):
            self._log_line()

    def _log_line(self) -> None:
        scope = self._scope
        client = scope.get("client")
        line = RequestLine(
            scope["method"],
            scope["path"],
            self._find_endpoint(),
            self._status,
            self._seconds,
            client[0] if client else None,
        )
        error = self._error
        if error is None and self._status < INTERNAL_ERROR and scope["method"] in HTTP_METHODS:
            line.write(self._request)
            return
        if error is not None:
            mark_logged(error)
        if self._status < INTERNAL_ERROR:
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
