"""Spans on their way to the collector: queued, sent and counted."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from prometheus_client import Counter

from burnrate.telemetry.metrics import SPAN_OUTCOMES
from burnrate.telemetry.traces.encoding import encode

# gunicorn gives a worker seconds to leave; a collector that hangs must not use them up.
_SHUTDOWN_SECONDS: Final = 2.0


def span_queue(outcomes: Counter) -> "SpanQueue":
    """Return what sends all spans to the endpoint of the `OTEL_*` variables."""
    counters = {each: outcomes.labels(each) for each in SPAN_OUTCOMES}
    return SpanQueue(CountingExporter(counters), counters["dropped"])


class CountingExporter(OTLPSpanExporter):
    """The SDK's exporter, which encodes faster and counts what the collector took."""

    def __init__(self, outcomes: Mapping[str, Counter]) -> None:
        super().__init__()
        self._outcomes = outcomes

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch, trying again for the time that `OTEL_EXPORTER_OTLP_TIMEOUT` allows."""
        outcome, result = "failed", SpanExportResult.FAILURE
        try:
            if self._client.export(encode(spans)).success:
                outcome, result = "exported", SpanExportResult.SUCCESS
        finally:
            self._outcomes[outcome].inc(len(spans))
        return result


class SpanQueue(BatchSpanProcessor):
    """The SDK's queue; a span that finds it full is dropped at once, and counted."""

    def __init__(self, exporter: CountingExporter, dropped: Counter) -> None:
        super().__init__(exporter)
        self._dropped = dropped
        self._queue = self._batch_processor._queue  # noqa: SLF001 - nothing public tells its length
        self._one_at_a_time = Lock()

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span, or drop it."""
        with self._one_at_a_time:
            if len(self._queue) == self._queue.maxlen:
                self._dropped.inc()
            else:
                super().on_end(span)

    def shutdown(self) -> None:
        """Send what is queued, for two seconds at most."""
        self._batch_processor.shutdown(int(_SHUTDOWN_SECONDS * 1000))
        self._dropped.inc(len(self._queue))
