"""Traces by the SDK, which is an extra: a provider of our own, or the one that is there."""

from typing import Final
from weakref import WeakKeyDictionary

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider

from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.traces.clients import instrument_clients
from burnrate.telemetry.traces.tracing import Tracing
from burnrate.telemetry.traces.variables import TraceVariables

# One for each provider: the applications of a process share its ids.
_joined: Final[WeakKeyDictionary[TracerProvider, Tracing]] = WeakKeyDictionary()


class HashedResource(Resource):
    """The same resource, hashed once: the exporter asks for each span, an eighth of its work.

    Args:
        resource: The same.
    """

    def __init__(self, resource: Resource) -> None:
        super().__init__(resource.attributes, resource.schema_url)
        self._hashed = super().__hash__()

    def __hash__(self) -> int:
        """Return what the resource it was made of returns."""
        return self._hashed


def provide_tracing(
    service: str, version: str, metrics: Metrics, variables: TraceVariables
) -> Tracing:
    """Set up the tracer provider and the clients' spans.

    Sampler, batch sizes, time-outs and headers are the SDK's variables:
    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/

    Args:
        service: The resource's `service.name`.
        version: Its `service.version`.
        metrics: Count what becomes of each span.
        variables: Say how spans are sent.
    """
    # Imported here: who joins another's provider needs no exporter.
    from burnrate.telemetry.traces.otlp import span_queue  # noqa: PLC0415

    resource = HashedResource(Resource.create({SERVICE_NAME: service, SERVICE_VERSION: version}))
    tracing = Tracing.to(span_queue(metrics.trace_spans, variables.protocol), resource)
    trace.set_tracer_provider(tracing.provider)
    instrument_clients(tracing.provider)
    return tracing


def join_provider() -> Tracing | None:
    """Return one that uses the provider which the process has, None where it has none of the SDK's.

    Its clients are instrumented by whoever made it.
    """
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        return None
    if provider not in _joined:
        _joined[provider] = Tracing.joining(provider)
    return _joined[provider]
