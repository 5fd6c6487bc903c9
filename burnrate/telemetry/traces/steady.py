"""Durations of spans that the SDK times itself, when the wall clock steps meanwhile."""

from time import perf_counter_ns, time_ns
from weakref import WeakKeyDictionary

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

# Less is what a clock that is being adjusted does, and what a busy machine puts between two reads.
_STEP_NS = 1_000_000_000


class SteadyDurations(SpanProcessor):
    """Lets a span that was open when the wall clock stepped end as long after its start as it took.

    The SDK reads the wall clock at both ends of a client's span. The spans of requests are given
    both times, and stay as they are.
    """

    def __init__(self) -> None:
        self._begun: WeakKeyDictionary[Span, tuple[int, int]] = WeakKeyDictionary()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Remember by the steady clock when it began."""
        del parent_context
        self._begun[span] = time_ns(), perf_counter_ns()

    def _on_ending(self, span: Span) -> None:
        began = self._begun.pop(span, None)
        if began is None or span.start_time is None or span.end_time is None:
            return
        wall, steady = began
        took = perf_counter_ns() - steady
        stepped = time_ns() - wall - took
        is_off = abs(span.end_time - span.start_time - took - stepped) < _STEP_NS
        if abs(stepped) >= _STEP_NS and is_off:
            span._end_time = span.start_time + took  # noqa: SLF001 - decision 12

    def on_end(self, span: ReadableSpan) -> None:
        """Leave a span that has ended alone."""
