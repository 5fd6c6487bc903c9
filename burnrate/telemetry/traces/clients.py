"""The spans of clients: PostgreSQL, Redis and outgoing HTTP, by the contrib instrumentations."""

import importlib
from typing import Any, Final

from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.trace import TracerProvider

from burnrate.telemetry.context import current
from burnrate.telemetry.traces.outgoing import name_server_only, name_server_only_async

# Instrumentation package and class; one whose library is not installed is left out.
_CLIENTS: Final = (
    ("asyncpg", "opentelemetry.instrumentation.asyncpg", "AsyncPGInstrumentor"),
    ("redis", "opentelemetry.instrumentation.redis", "RedisInstrumentor"),
    ("httpx", "opentelemetry.instrumentation.httpx", "HTTPXClientInstrumentor"),
    ("httpx2", "opentelemetry.instrumentation.httpx", "HTTPX2ClientInstrumentor"),
)
_HTTP_HOOKS: Final = {
    "request_hook": name_server_only,
    "async_request_hook": name_server_only_async,
}


def instrument_clients(provider: TracerProvider) -> None:
    """Let the clients that are installed make spans; one that does already is left alone.

    Args:
        provider: Makes them.
    """
    for library, module, name in _CLIENTS:
        try:
            importlib.import_module(library)
        except ImportError:
            continue
        instrumentation: Any = importlib.import_module(module)
        instrumentor: Any = getattr(instrumentation, name)()
        if instrumentor.is_instrumented_by_opentelemetry:
            continue
        if module.endswith(".httpx"):
            instrumentor.instrument(tracer_provider=provider, **_HTTP_HOOKS)
        else:
            # These pass no ids on: without a span they need not look at the call, 10 µs each.
            instrumentation.is_instrumentation_enabled = _may_make_spans
            instrumentor.instrument(tracer_provider=provider)


def _may_make_spans() -> bool:
    request = current.get()
    return (request is None or request.is_sampled) and is_instrumentation_enabled()
