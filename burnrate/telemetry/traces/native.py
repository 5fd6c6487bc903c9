"""FastAPI's own spans, metrics and logs (from 0.16x on), next to ours."""

from typing import Any, Final

from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider
from starlette.applications import Starlette

# What the API hands out until somebody configures the signal; vendors use such names too.
_UNSET: Final = frozenset(("ProxyTracerProvider", "_ProxyMeterProvider", "ProxyLoggerProvider"))
_API: Final = "opentelemetry."


def silence_fastapi(app: Starlette, *, has_spans: bool) -> bool:
    """Turn off those of FastAPI's signals that would be double, or that nobody receives.

    Asking for them costs 5 µs a request. What the application has configured stays: its metrics and
    logs, and its spans unless there are ours (decision 0002: one server span, not two).

    Args:
        app: Without effect on one that is not FastAPI's.
        has_spans: Whether we make server spans, or somebody else does.

    Returns:
        Whether FastAPI makes the server spans.
    """
    native: Any = getattr(app, "_telemetry", None)
    if not isinstance(native, dict):
        return False
    if has_spans or _is_unset(native, "tracer_provider", trace.get_tracer_provider()):
        native["tracing"] = False
    if _is_unset(native, "meter_provider", metrics.get_meter_provider()):
        native["metrics"] = False
    if _is_unset(native, "logger_provider", get_logger_provider()):
        native["logs"] = False
    return bool(native["tracing"])


def _is_unset(native: dict[str, Any], name: str, provider: object) -> bool:
    kind = type(provider)
    is_unset = kind.__name__ in _UNSET and kind.__module__.startswith(_API)
    return native.get(name) is None and is_unset
