"""The queue before the collector: what it has no room for, and how it ends."""

import threading
from collections.abc import Sequence
from threading import Event

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, TraceFlags
from prometheus_client import CollectorRegistry, Counter

from burnrate.telemetry.metrics import SPAN_OUTCOMES
from burnrate.telemetry.traces.otlp import SpanQueue
from tests.support.waiting import PATIENCE_SECONDS

SIZE = 4


class SlowCollector(SpanExporter):
    """Takes nothing until it may."""

    def __init__(self, result: SpanExportResult = SpanExportResult.SUCCESS) -> None:
        self.is_asked = Event()
        self.may_answer = Event()
        self.result = result

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        del spans
        self.is_asked.set()
        self.may_answer.wait()
        return self.result

    def shutdown(self) -> None:
        """Give up what is being sent."""
        self.may_answer.set()


class Outcomes:
    """The counter of spans, and what it says."""

    def __init__(self) -> None:
        counter = Counter("spans", "Spans.", ["outcome"], registry=CollectorRegistry())
        self.counters = {each: counter.labels(each) for each in SPAN_OUTCOMES}

    def __call__(self) -> dict[str, float]:
        values = {name: each.collect() for name, each in self.counters.items()}
        return {name: next(iter(each)).samples[0].value for name, each in values.items()}


def span(*, is_sampled: bool = True) -> ReadableSpan:
    flags = TraceFlags(TraceFlags.SAMPLED if is_sampled else TraceFlags.DEFAULT)
    return ReadableSpan("x", SpanContext(1, 1, is_remote=False, trace_flags=flags))


@pytest.fixture(autouse=True)
def batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send two at a time; nothing is sent because time has passed."""
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")


@pytest.mark.parametrize(
    ("result", "outcome"),
    [(SpanExportResult.SUCCESS, "exported"), (SpanExportResult.FAILURE, "failed")],
)
def test_each_span_has_one_outcome(result: SpanExportResult, outcome: str) -> None:
    """Two are being sent, four wait, and what comes then is dropped at once."""
    collector, outcomes = SlowCollector(result), Outcomes()
    queue = SpanQueue(collector, outcomes.counters, SIZE)
    for _ in range(2):
        queue.on_end(span())
    collector.is_asked.wait()
    for _ in range(SIZE + 3):
        queue.on_end(span())
    assert outcomes() == {"exported": 0, "failed": 0, "dropped": 3}
    collector.may_answer.set()
    queue.force_flush()
    assert outcomes()[outcome] == 2 + SIZE
    queue.shutdown()
    assert outcomes()["dropped"] == 3


def test_room_that_came_free_is_used_again() -> None:
    """What was sent does not count against the queue's size."""
    collector, outcomes = SlowCollector(), Outcomes()
    collector.may_answer.set()
    queue = SpanQueue(collector, outcomes.counters, SIZE)
    for _ in range(3):
        for _ in range(SIZE):
            queue.on_end(span())
        queue.force_flush()
    assert outcomes() == {"exported": 3 * SIZE, "failed": 0, "dropped": 0}
    queue.shutdown()


def test_span_that_is_not_sampled_is_none_of_its() -> None:
    """It takes no room and has no outcome."""
    outcomes = Outcomes()
    queue = SpanQueue(SlowCollector(), outcomes.counters, SIZE)
    for _ in range(SIZE + 1):
        queue.on_end(span(is_sampled=False))
    queue.shutdown()
    assert outcomes() == {"exported": 0, "failed": 0, "dropped": 0}


def test_span_after_the_end_is_dropped() -> None:
    """A task that outlives its application still counts."""
    outcomes = Outcomes()
    queue = SpanQueue(SlowCollector(), outcomes.counters, SIZE)
    queue.shutdown()
    queue.on_end(span())
    assert outcomes() == {"exported": 0, "failed": 0, "dropped": 1}


def test_collector_that_hangs_does_not_keep_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What still waits when time is up is dropped, and is not sent or counted again later."""
    monkeypatch.setattr("burnrate.telemetry.traces.otlp._SHUTDOWN_SECONDS", 0.01)
    collector, outcomes = SlowCollector(), Outcomes()
    others = set(threading.enumerate())
    queue = SpanQueue(collector, outcomes.counters, SIZE)
    for _ in range(2):
        queue.on_end(span())
    collector.is_asked.wait()
    for _ in range(3):
        queue.on_end(span())
    queue.shutdown()
    assert outcomes() == {"exported": 0, "failed": 0, "dropped": 3}
    collector.may_answer.set()
    for thread in set(threading.enumerate()) - others:
        thread.join()  # the queue's: it goes through what was left
    assert outcomes() == {"exported": 2, "failed": 0, "dropped": 3}


def test_span_may_end_while_another_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The garbage collector runs whenever it likes, and may end what was abandoned."""
    collector, outcomes = SlowCollector(), Outcomes()
    queue = SpanQueue(collector, outcomes.counters, SIZE)
    enqueue = queue._batches.on_end

    def collect_garbage(ended: ReadableSpan) -> None:
        monkeypatch.setattr(queue._batches, "on_end", enqueue)
        queue.on_end(span())
        enqueue(ended)

    monkeypatch.setattr(queue._batches, "on_end", collect_garbage)
    ending = threading.Thread(target=queue.on_end, args=(span(),), daemon=True)
    ending.start()
    ending.join(PATIENCE_SECONDS)
    assert not ending.is_alive()
    collector.may_answer.set()
    queue.shutdown()
    assert outcomes()["exported"] == 2
