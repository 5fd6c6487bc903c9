"""Ids for the spans of requests, which have theirs before a span is made."""

from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator

from burnrate.telemetry.traces.spans import starting


class RequestIds(IdGenerator):
    """Gives a request's span the ids that the request has already, and any other span new ones.

    Args:
        others: Makes the new ones.
    """

    def __init__(self, others: IdGenerator | None = None) -> None:
        self._others = others or RandomIdGenerator()

    def generate_trace_id(self) -> int:
        """Return the trace id of the request whose span is being started, else a new one."""
        request = starting()
        return self._others.generate_trace_id() if request is None else int(request.trace_id, 16)

    def generate_span_id(self) -> int:
        """Return the span id of the request whose span is being started, else a new one."""
        request = starting()
        return self._others.generate_span_id() if request is None else int(request.span_id, 16)

    def is_trace_id_random(self) -> bool:
        """Say whether the ids' last bits are random, as a `traceparent` tells."""
        return self._others.is_trace_id_random()
