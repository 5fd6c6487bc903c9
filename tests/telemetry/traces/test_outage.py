"""A collector that does not answer is said once, and so is its return."""

import logging
from collections.abc import Sequence

import pytest
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry, Counter

from burnrate.telemetry import failures
from burnrate.telemetry.metrics import SPAN_OUTCOMES
from burnrate.telemetry.traces.otlp import _CountingExporter as CountingExporter

EXPORTERS = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


class Collector(SpanExporter):
    """Answers, fails as the SDK's exporter says it, or breaks."""

    def __init__(self) -> None:
        self.way = "answers"

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        del spans
        if self.way == "answers":
            return SpanExportResult.SUCCESS
        if self.way == "breaks":
            raise RuntimeError("a bug")
        logging.getLogger(EXPORTERS).warning("Transient error, retrying")
        logging.getLogger(EXPORTERS).error("Failed to export")
        return SpanExportResult.FAILURE


@pytest.fixture
def outcomes() -> Counter:
    return Counter("spans", "Spans.", ["outcome"], registry=CollectorRegistry())


def exported(collector: Collector, outcomes: Counter) -> CountingExporter:
    counters = {each: outcomes.labels(each) for each in SPAN_OUTCOMES}
    return CountingExporter(collector, counters, lambda _: True)


def test_outage_is_two_lines_however_long_it_is(
    outcomes: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    """The second says what it cost; another outage is said again."""
    collector = Collector()
    exporter = exported(collector, outcomes)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            collector.way = "fails"
            for _ in range(20):
                exporter.export([])
            collector.way = "answers"
            for _ in range(3):
                exporter.export([])
    assert [record.message for record in caplog.records] == [
        "Transient error, retrying",
        "the collector takes spans again",
    ] * 2


def test_exporter_that_raises_is_a_failure_of_the_telemetry(outcomes: Counter) -> None:
    """Its spans are counted as failed; the thread that sends goes on."""
    collector = Collector()
    collector.way = "breaks"
    before = failures.failures.begin().labels("traces")._value.get()
    assert exported(collector, outcomes).export([]) is SpanExportResult.FAILURE
    assert failures.failures.begin().labels("traces")._value.get() == before + 1


def test_exporter_s_logger_has_the_name_that_is_filtered() -> None:
    """Else each attempt is a line."""
    assert trace_exporter._logger.name == EXPORTERS
