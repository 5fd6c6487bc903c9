"""Begins to trace in a process: with a provider of its own, or with the one that is there."""

import logging
from typing import Final
from weakref import WeakKeyDictionary

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider

from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.traces.clients import instrument_clients
from burnrate.telemetry.traces.tracing import Tracing
from burnrate.telemetry.traces.variables import is_disabled, read_variables

_log: Final = logging.getLogger("burnrate.telemetry")
# One for each provider: the applications of a process share its ids.
_joined: Final[WeakKeyDictionary[TracerProvider, Tracing]] = WeakKeyDictionary()


def start_tracing(
    service: str, version: str, metrics: Metrics, *, is_contrib: bool = False
) -> Tracing | None:
    """Set up the tracer provider and the clients' spans; None without an OTLP endpoint.

    A provider that the process has already stays, with its exporters; nothing is sent twice. Off as
    well with `OTEL_SDK_DISABLED=true` or `OTEL_TRACES_EXPORTER=none`. Sampler, batch sizes,
    time-outs and headers are the SDK's variables:
    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/

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
    # Imported here: the exporter takes 100 ms and 15 MB that a service without traces saves.
    from burnrate.telemetry.traces.otlp import span_queue  # noqa: PLC0415

    resource = Resource.create({SERVICE_NAME: service, SERVICE_VERSION: version})
    tracing = Tracing.to(span_queue(metrics.trace_spans, variables.protocol), resource)
    trace.set_tracer_provider(tracing.provider)
    instrument_clients(tracing.provider)
    return tracing


def join_tracing() -> Tracing | None:
    """Return one that uses the provider which the process has, None where it has none of the SDK's.

    Its clients are instrumented by whoever made it.
    """
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider) or is_disabled():
        return None
    if provider not in _joined:
        _joined[provider] = Tracing.joining(provider)
    return _joined[provider]
