"""The server span of a sampled request (decision 0002 says why it is made here).

Names and attributes are the stable HTTP conventions; the query is left out, since it may hold
tokens: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
"""

from threading import Lock
from time import perf_counter_ns, time_ns
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import SamplingResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
)
from opentelemetry.util.types import AttributeValue
from starlette.types import Scope

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.metrics import HTTP_METHODS

_INTERNAL_ERROR: Final = 500
_NAME: Final = "burnrate.telemetry"
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_UNSET: Final = Status(StatusCode.UNSET)
_ERROR: Final = Status(StatusCode.ERROR)
# More than a server span has by itself: below it, the SDK's own code applies the limit.
_OWN_ATTRIBUTES: Final = 16
# Held while a span is completed, which two threads of one request may ask for at once.
_completing: Final = Lock()


class ServerSpans:
    """Starts the spans of what a server is asked."""

    def __init__(self, provider: TracerProvider) -> None:
        self.tracer: Any = provider.get_tracer(_NAME)
        self.scope = InstrumentationScope(_NAME, "")
        self.limits = SpanLimits()
        most, longest = self.limits.max_span_attributes, self.limits.max_span_attribute_length
        self.is_limited = longest is not None or (most is not None and most < _OWN_ATTRIBUTES)

    def start(
        self,
        scope: Scope,
        request: RequestInfo,
        parent: Context | None,
        sampling: SamplingResult,
    ) -> "ServerSpan":
        """Start the span of a request or WebSocket; its route is not known yet.

        Args:
            scope: The request's.
            request: Its ids.
            parent: The caller's context; None where it sent none.
            sampling: Why it is sampled; what the sampler adds goes into the span.
        """
        caller = None
        if parent is not None:
            caller = get_current_span(parent).get_span_context()
        context = SpanContext(
            int(request.trace_id, 16),
            int(request.span_id, 16),
            is_remote=False,
            trace_flags=_SAMPLED,
            trace_state=sampling.trace_state,
        )
        if caller is not None and not caller.is_valid:
            caller = None  # it sent baggage alone
        span = ServerSpan(self, scope, context, caller, sampling)
        self.processor.on_start(span, parent)
        return span

    @property
    def processor(self) -> SpanProcessor:
        """All processors of the provider."""
        processor: SpanProcessor = self.tracer.span_processor
        return processor


class ServerSpan(Span):
    """A span that is only made in full when something is added to it.

    Most server spans are started, named and ended. What else the SDK's constructor makes (locks,
    bounded lists) is most of a span's cost, so it comes when an attribute of it is first missed.
    """

    def __init__(
        self,
        spans: ServerSpans,
        scope: Scope,
        context: SpanContext,
        parent: SpanContext | None,
        sampling: SamplingResult,
    ) -> None:
        self._spans = spans
        self._scope = scope
        self._path: str = scope["path"]
        self._context = context
        self._parent = parent
        self._sampling = sampling
        self._start_time: int | None = time_ns()
        self._started = perf_counter_ns()
        self._end_time: int | None = None
        self._is_complete = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the SDK's span has
        """Complete the span: an attribute is asked for that only a complete one has."""
        if name.startswith("__"):  # a copy asks before it has anything
            raise AttributeError(name)
        with _completing:
            if not self._is_complete:
                self._complete()
        return object.__getattribute__(self, name)

    def finish(self, endpoint: str, status: int, error: BaseException | None) -> None:
        """Name the span by its route and end it; only what the server did wrong is an error."""
        name = f"{_method(self._scope)} {endpoint}"
        outcome: dict[str, AttributeValue] = {
            "http.route": endpoint,
            "http.response.status_code": status,
        }
        if error is not None:
            outcome["error.type"] = type(error).__qualname__
        elif status >= _INTERNAL_ERROR:
            outcome["error.type"] = str(status)
        if self._is_complete or error is not None or self._spans.is_limited:
            self._finish_in_full(name, status, outcome, error)
            return
        self._end_time = self._now()
        self._spans.processor.on_end(
            ReadableSpan(
                name,
                self._context,
                self._parent,
                self._spans.tracer.resource,
                {**self._attributes_at_start(), **outcome},
                kind=SpanKind.SERVER,
                status=_ERROR if status >= _INTERNAL_ERROR else _UNSET,
                start_time=self._start_time,
                end_time=self._end_time,
                instrumentation_scope=self._spans.scope,
            )
        )

    def _finish_in_full(
        self,
        name: str,
        status: int,
        outcome: dict[str, AttributeValue],
        error: BaseException | None,
    ) -> None:
        self.update_name(name)
        self.set_attributes(outcome)
        if error is not None:
            self.record_exception(error)
        if status >= _INTERNAL_ERROR:
            self.set_status(StatusCode.ERROR)
        self.end(self._now())

    def _now(self) -> int:
        """Return the time by the clock that nobody sets, counted from the span's start."""
        return (self._start_time or 0) + perf_counter_ns() - self._started

    def _complete(self) -> None:
        times = self._start_time, self._end_time
        super().__init__(
            _method(self._scope),
            self.get_span_context(),
            self._parent,
            resource=self._spans.tracer.resource,
            attributes=self._attributes_at_start(),
            kind=SpanKind.SERVER,
            span_processor=self._spans.processor,
            limits=self._spans.limits,
            instrumentation_scope=self._spans.scope,
        )
        self._start_time, self._end_time = times
        self._is_complete = True

    def _attributes_at_start(self) -> dict[str, AttributeValue]:
        scope = self._scope
        attributes: dict[str, AttributeValue] = {
            "http.request.method": _method(scope),
            "url.path": self._path,
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
        if self._sampling.attributes:
            attributes.update(self._sampling.attributes)
        return attributes


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "WEBSOCKET"
    method: str = scope["method"]
    return method if method in HTTP_METHODS else "_OTHER"
