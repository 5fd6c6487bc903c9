"""Server spans by `opentelemetry-instrumentation-fastapi`: behind our decision, or by itself."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as otel_context
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind
from starlette.applications import Starlette
from starlette.types import ASGIApp

from burnrate.telemetry.context import RequestInfo, current
from burnrate.telemetry.traces.spans import started_for

if TYPE_CHECKING:
    from burnrate.telemetry.traces.tracing import Tracing

_Hook = Callable[[Span, dict[str, Any]], None]
# Attributes that hold a whole address or what follows the host in it.
_WITH_QUERY: Final = ("http.url", "http.target", "url.full")
_MODULE: Final = "opentelemetry.instrumentation.fastapi"
_MISSING: Final = "spans by contrib need the package opentelemetry-instrumentation-fastapi"
# The caller's context, or an empty one, while a request's server span is about to be made. Not in
# OpenTelemetry's context: reading a caller's headers begins with an empty one.
_expected: Final[ContextVar[Context | None]] = ContextVar("burnrate_expected", default=None)


def check_contrib(app: Starlette) -> None:
    """See that the contrib instrumentation can make an application's spans.

    Raises:
        RuntimeError: It is not installed, or the application is not FastAPI's.
    """
    try:
        import_module(_MODULE)
    except ImportError as error:
        raise RuntimeError(f"{_MISSING}: pip install 'burnrate-stack[traces]'") from error
    if not any(base.__module__.startswith("fastapi.") for base in type(app).__mro__):
        raise RuntimeError("spans by contrib are for FastAPI applications")


def is_instrumented(app: Starlette) -> bool:
    """Say whether somebody else lets the contrib instrumentation make its server spans."""
    return getattr(app, "_is_instrumented_by_opentelemetry", False) is True


def is_wrapped_by_contrib(app: Starlette, build: object) -> bool:
    """Say whether the contrib instrumentation calls `build`, to put its own layers around that."""
    return is_instrumented(app) and getattr(app, "_original_build_middleware_stack", None) is build


def wrap_by_contrib(
    app: Starlette, stack: ASGIApp, tracing: "Tracing", options: Mapping[str, Any]
) -> ASGIApp:
    """Return `stack` with the contrib instrumentation's layers around it.

    Only requests that we have decided to sample are to pass through it.

    Args:
        app: FastAPI's; as before afterwards.
        stack: Its middleware stack; the parts of it are shared.
        tracing: Makes the spans.
        options: For `FastAPIInstrumentor.instrument_app`, such as hooks and captured headers.
    """
    instrumentor: Any = import_module(_MODULE).FastAPIInstrumentor
    # Releases before 0.50 make those spans too.
    is_able = "exclude_spans" in inspect.signature(instrumentor.instrument_app).parameters
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: stack  # type: ignore[method-assign]
    try:
        instrumentor.instrument_app(
            app,
            **{
                **({"exclude_spans": ["receive", "send"]} if is_able else {}),
                "meter_provider": metrics.NoOpMeterProvider(),  # the metrics are ours
                **options,
                "server_request_hook": _hiding_queries(options.get("server_request_hook")),
                "tracer_provider": _RequestTracers(tracing),
            },
        )
        return app.build_middleware_stack()
    finally:
        app.build_middleware_stack = build  # type: ignore[method-assign]


def _hiding_queries(hook: _Hook | None) -> _Hook:
    """Return a hook that cuts the query, which may hold tokens, and then calls the given one."""

    def hide(span: Span, scope: dict[str, Any]) -> None:
        attributes: Mapping[str, Any] = getattr(span, "attributes", None) or {}
        for name in _WITH_QUERY:
            if isinstance(value := attributes.get(name), str):
                span.set_attribute(name, value.partition("?")[0])
        if "url.query" in attributes:
            span.set_attribute("url.query", "[redacted]")
        if hook is not None:
            hook(span, scope)

    return hide


def expect_server_span(parent: Context | None) -> Token[Context]:
    """Make a context current in which the contrib instrumentation starts a server span.

    Args:
        parent: The caller's; None where it sent none.
    """
    _expected.set(parent or Context())
    return otel_context.attach(Context())


def adopted(request: RequestInfo, *, may_be_late: bool) -> RequestInfo | None:
    """Return the request with the ids of the span that somebody else has made for it, if any.

    Args:
        request: Its ids until now.
        may_be_late: Whether it gets a span afterwards if it is not sampled and fails.
    """
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    is_sampled = span.trace_flags.sampled
    return RequestInfo(
        request.request_id,
        f"{span.trace_id:032x}",
        f"{span.span_id:016x}",
        is_sampled,
        [] if may_be_late and not is_sampled else None,
    )


class _RequestTracers(trace.TracerProvider):
    """Gives tracers whose server spans have the ids that their requests have already."""

    def __init__(self, tracing: "Tracing") -> None:
        self._tracing = tracing

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:  # noqa: ANN401 - the API's
        return _RequestTracer(
            self._tracing.deciding_provider.get_tracer(*args, **kwargs),
            self._tracing.provider.get_tracer(*args, **kwargs),
        )


class _RequestTracer(trace.Tracer):
    def __init__(self, decided: trace.Tracer, others: trace.Tracer) -> None:
        self._decided = decided
        self._others = others

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        *args: Any,  # noqa: ANN401 - the API's
        **kwargs: Any,  # noqa: ANN401 - the API's
    ) -> Span:
        request, parent = current.get(), _expected.get()
        if request is None or parent is None or kind is not SpanKind.SERVER:
            return self._others.start_span(name, context, kind, *args, **kwargs)
        _expected.set(None)
        with started_for(request):
            return self._decided.start_span(name, parent, kind, *args, **kwargs)

    @contextmanager
    def start_as_current_span(  # type: ignore[override] # the API's decorator is private
        self,
        *args: Any,  # noqa: ANN401 - the API's
        **kwargs: Any,  # noqa: ANN401 - the API's
    ) -> Iterator[Span]:
        with self._others.start_as_current_span(*args, **kwargs) as span:
            yield span
