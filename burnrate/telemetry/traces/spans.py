"""The server span of a sampled request (decisions 2 and 9 say why it is made here).

Names and attributes are the stable HTTP conventions; the query is left out, since it may hold
tokens: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter, perf_counter_ns, time_ns
from typing import Final, NamedTuple

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider
from opentelemetry.util.types import AttributeValue
from starlette.types import Scope

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.metrics import HTTP_METHODS

_INTERNAL_ERROR: Final = 500
_NAME: Final = "burnrate.telemetry"
_NANO: Final = 1e9
# Marks a span that was made when its request was over: nobody made spans below it.
LATE: Final = "burnrate.without_children"
# The event of a request that passed its deadline.
_OVERDUE: Final = "overdue"
# The request whose span is being started: its ids are drawn before its span exists.
_starting: Final[ContextVar[RequestInfo | None]] = ContextVar("burnrate_starting", default=None)


class Outcome(NamedTuple):
    """What became of a request or WebSocket.

    Attributes:
        endpoint: The route's template.
        status: Of the answer.
        error: What broke it, if anything.
        started: When it began, by `perf_counter`.
        seconds: How long it took.
        is_overdue: Whether it passed its deadline.
    """

    endpoint: str
    status: int
    error: BaseException | None
    started: float
    seconds: float
    is_overdue: bool = False


def starting() -> RequestInfo | None:
    """Return the request whose span is being started, if any is."""
    return _starting.get()


@contextmanager
def started_for(request: RequestInfo) -> Iterator[None]:
    """Give the span that is started in the block the ids of a request."""
    token = _starting.set(request)
    try:
        yield
    finally:
        _starting.reset(token)


class ServerSpans:
    """Starts the spans of what a server is asked.

    Args:
        provider: Its ids come from a `RequestIds`.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer(_NAME)

    def start(self, scope: Scope, request: RequestInfo, parent: Context | None) -> "ServerSpan":
        """Start the span of a request or WebSocket; its route is not known yet.

        Args:
            scope: The request's.
            request: Its ids.
            parent: The caller's context; None where it sent none.
        """
        token = _starting.set(request)
        # At one moment: a busy machine may do something else for long while the span is made.
        started_at, started = time_ns(), perf_counter_ns()
        try:
            span = self._tracer.start_span(
                _method(scope),
                parent or Context(),
                SpanKind.SERVER,
                _attributes(scope),
                start_time=started_at,
            )
        finally:
            _starting.reset(token)
        return ServerSpan(span, _method(scope), started_at, started)

    def make(
        self, scope: Scope, request: RequestInfo, parent: Context | None, outcome: Outcome
    ) -> None:
        """Make the span of a request that is over, or that has passed its deadline.

        The waits for pools, which have no spans of their own, are events in it.

        Args:
            scope: The request's.
            request: Its ids and waits.
            parent: The caller's context; None where it sent none.
            outcome: What became of it.
        """
        started_at = time_ns() - int((perf_counter() - outcome.started) * _NANO)
        with started_for(request):
            span = self._tracer.start_span(
                f"{_method(scope)} {outcome.endpoint}",
                parent or Context(),
                SpanKind.SERVER,
                {**_attributes(scope), LATE: True},
                start_time=started_at,
            )
        for wait in list(request.waits or ()):
            attributes: dict[str, AttributeValue]
            attributes = {"pool": wait.pool, "outcome": wait.outcome, "wait_seconds": wait.seconds}
            span.add_event("pool.wait", attributes, wait.ended_at_ns)
        _conclude(span, outcome.endpoint, outcome.status, outcome.error)
        if outcome.is_overdue:
            span.add_event(_OVERDUE)
        span.end(started_at + int(outcome.seconds * _NANO))


class ServerSpan:
    """The span of one request, from its start until its outcome is known.

    Attributes:
        span: The SDK's.
    """

    __slots__ = ("_method", "_started", "_started_at", "span")

    def __init__(self, span: Span, method: str, started_at: int, started: int) -> None:
        self.span = span
        self._method = method
        self._started_at = started_at
        self._started = started

    def finish(
        self,
        endpoint: str,
        status: int,
        error: BaseException | None,
        *,
        is_overdue: bool = False,
    ) -> None:
        """Name the span by its route and end it; only what the server did wrong is an error.

        Args:
            endpoint: The route's template.
            status: Of the answer.
            error: What broke the request, if anything.
            is_overdue: Whether it has passed its deadline.
        """
        span = self.span
        span.update_name(f"{self._method} {endpoint}")
        _conclude(span, endpoint, status, error)
        if is_overdue:
            span.add_event(_OVERDUE)
        # The monotonic clock's difference: the wall clock may be set while the request runs.
        span.end(self._started_at + perf_counter_ns() - self._started)


def _conclude(span: Span, endpoint: str, status: int, error: BaseException | None) -> None:
    span.set_attributes(_outcome(endpoint, status, error))
    if error is not None:
        span.record_exception(error)
    if status >= _INTERNAL_ERROR:
        span.set_status(StatusCode.ERROR)


def _outcome(endpoint: str, status: int, error: BaseException | None) -> dict[str, AttributeValue]:
    outcome: dict[str, AttributeValue] = {
        "http.route": endpoint,
        "http.response.status_code": status,
    }
    if error is not None:
        outcome["error.type"] = type(error).__qualname__
    elif status >= _INTERNAL_ERROR:
        outcome["error.type"] = str(status)
    return outcome


def _attributes(scope: Scope) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        "http.request.method": _method(scope),
        "url.path": scope["path"],
        "url.scheme": scope["scheme"],
        "network.protocol.version": scope.get("http_version", "1.1"),
    }
    if scope.get("server"):
        attributes["server.address"], attributes["server.port"] = scope["server"]
    if scope.get("client"):
        attributes["client.address"] = scope["client"][0]
    for name, value in scope["headers"]:
        if name == b"user-agent":
            attributes["user_agent.original"] = value.decode("latin-1")
            break
    return attributes


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "WEBSOCKET"
    method: str = scope["method"]
    return method if method in HTTP_METHODS else "_OTHER"
