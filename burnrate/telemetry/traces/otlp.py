"""Spans on their way to the collector: queued, sent and counted."""

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from threading import RLock, Thread
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import OTEL_BSP_MAX_QUEUE_SIZE
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import Counter

from burnrate.telemetry.failures import failed
from burnrate.telemetry.metrics import SPAN_OUTCOMES
from burnrate.telemetry.platforms import after_fork
from burnrate.telemetry.traces.outage import Outage

# gunicorn gives a worker seconds to leave; a collector that hangs must not use them up.
_SHUTDOWN_SECONDS: Final = 2.0
# The default of the specification: the SDK's own is private.
_QUEUE_SIZE: Final = 2_048


def span_queue(outcomes: Counter, protocol: str = "http/protobuf") -> "SpanQueue":
    """Return what sends all spans to the endpoint of the `OTEL_*` variables.

    Args:
        outcomes: Counts spans by its one label, a value of `SPAN_OUTCOMES`.
        protocol: `http/protobuf`, or `grpc`, which needs a package that this one does not.
    """
    counters = {each: outcomes.labels(each) for each in SPAN_OUTCOMES}
    return SpanQueue(_exporter(protocol), counters, _queue_size())


def _exporter(protocol: str) -> SpanExporter:
    if protocol != "grpc":
        return OTLPSpanExporter()
    module: Any = importlib.import_module("opentelemetry.exporter.otlp.proto.grpc.trace_exporter")
    exporter: SpanExporter = module.OTLPSpanExporter()
    return exporter


def _queue_size() -> int:
    try:
        return int(os.environ.get(OTEL_BSP_MAX_QUEUE_SIZE, _QUEUE_SIZE))
    except ValueError:
        return _QUEUE_SIZE  # as the SDK does, which logs it


class SpanQueue(SpanProcessor):
    """The SDK's queue; a span that finds it full is dropped at once, and counted.

    Args:
        exporter: Sends a batch, in a thread of the SDK's queue.
        outcomes: One counter for each of `SPAN_OUTCOMES`.
        size: How many spans may wait.
    """

    def __init__(self, exporter: SpanExporter, outcomes: Mapping[str, Counter], size: int) -> None:
        self._dropped = outcomes["dropped"]
        self._size = size
        self._start_anew()
        after_fork(self._start_anew)
        self._exporter = _CountingExporter(exporter, outcomes, self._take)
        self._batches = BatchSpanProcessor(self._exporter, max_queue_size=size)

    def _start_anew(self) -> None:
        """Begin with nothing that waits: so does the SDK's queue in a forked child."""
        # Reentrant: a span may end in what the garbage collector runs amid this.
        self._lock = RLock()
        self._waiting = 0
        self._is_over = False

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Leave a span that has only begun alone."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a sampled span, or drop it."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        with self._lock:
            if self._is_over or self._waiting >= self._size:
                self._dropped.inc()
                return
            self._waiting += 1
            self._batches.on_end(span)

    def shutdown(self) -> None:
        """Send what is queued, for two seconds at most."""
        ending = Thread(target=self._batches.shutdown, daemon=True)
        ending.start()
        ending.join(_SHUTDOWN_SECONDS)
        with self._lock:
            self._is_over = True
            self._dropped.inc(self._waiting)
            self._waiting = 0

    def force_flush(self, timeout_millis: int | None = None) -> bool:
        """Send what is queued; say whether that was possible."""
        return self._batches.force_flush(timeout_millis)

    def _take(self, count: int) -> bool:
        """Take a batch out of the queue; False when it is counted as dropped already."""
        with self._lock:
            self._waiting -= 0 if self._is_over else count
            return not self._is_over


class _CountingExporter(SpanExporter):
    """Counts what the collector took, and what it did not."""

    def __init__(
        self,
        exporter: SpanExporter,
        outcomes: Mapping[str, Counter],
        take: Callable[[int], bool],
    ) -> None:
        self._exporter = exporter
        self._outcomes = outcomes
        self._take = take
        self._outage = Outage()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch, trying again for the time that `OTEL_EXPORTER_OTLP_TIMEOUT` allows."""
        if not self._take(len(spans)):
            return SpanExportResult.FAILURE
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001 - the SDK would log each of them
            failed("traces", error)
        is_taken = result is SpanExportResult.SUCCESS
        self._outcomes["exported" if is_taken else "failed"].inc(len(spans))
        self._outage.note(len(spans), is_taken=is_taken)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()
