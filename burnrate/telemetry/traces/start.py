"""Begins to trace in a process, where the SDK is installed and somebody wants traces."""

import logging
import sys
from typing import TYPE_CHECKING, Final

from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.traces.variables import is_disabled, read_variables

if TYPE_CHECKING:
    from burnrate.telemetry.traces.tracing import Tracing

# A process without it has no provider of the SDK's.
_SDK: Final = "opentelemetry.sdk.trace"
_log: Final = logging.getLogger("burnrate.telemetry")


def start_tracing(
    service: str, version: str, metrics: Metrics, *, is_contrib: bool = False
) -> "Tracing | None":
    """Set up the tracer provider and the clients' spans; None without an OTLP endpoint.

    A provider that the process has already stays, with its exporters; nothing is sent twice. Off as
    well with `OTEL_SDK_DISABLED=true` or `OTEL_TRACES_EXPORTER=none`, and where the extra `traces`
    is not installed: then one line says so if they are asked for.

    Args:
        service: The resource's `service.name`.
        version: Its `service.version`.
        metrics: Count what becomes of each span.
        is_contrib: Whether the contrib instrumentation makes the server spans.
    """
    if (joined := join_tracing()) is not None:
        return joined
    variables = read_variables(is_contrib=is_contrib)
    for refusal in variables.refusals:
        _log.error("%s", refusal)
    if not variables.is_wanted:
        return None
    try:
        # The SDK and the exporter take 100 ms and 15 MB that a service without traces saves.
        from burnrate.telemetry.traces.provider import provide_tracing  # noqa: PLC0415

        return provide_tracing(service, version, metrics, variables)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry."):
            raise
        _log.error("traces are asked for and need an extra: pip install 'burnrate-stack[traces]'")
        return None


def join_tracing() -> "Tracing | None":
    """Return one that uses the provider which the process has, None where it has none of the SDK's.

    Its clients are instrumented by whoever made it.
    """
    if is_disabled() or _SDK not in sys.modules:
        return None
    from burnrate.telemetry.traces.provider import join_provider  # noqa: PLC0415 - an extra

    return join_provider()
