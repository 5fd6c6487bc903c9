"""What an application registers by itself, where many workers serve it."""

import gc
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Metric,
    PlatformCollector,
    Summary,
    generate_latest,
    values,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from burnrate.telemetry.workers import Exposition, multiprocess
from burnrate.telemetry.workers import exposition as expositions
from burnrate.telemetry.workers.store import Store
from burnrate.telemetry.workers.values import (
    make_value_class,
    move_into_files,
    names_with_functions,
)
from tests.support.samples import Samples, read_samples


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the test's metrics live in files; returns a function that begins with that."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> CollectorRegistry:
    """A registry in the place of the library's global one."""
    registry = CollectorRegistry()
    monkeypatch.setattr(expositions, "REGISTRY", registry)
    return registry


def activate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "ValueClass", make_value_class(Store(folder)))


def scraped(accept: str = "text/plain") -> str:
    body, _ = Exposition(CollectorRegistry(), has_application_metrics=True).render(accept, "")
    return body.decode()


def without_times(registry: CollectorRegistry) -> Samples:
    found = read_samples(generate_latest(registry).decode())
    return {key: value for key, value in found.items() if not key[0].endswith("_created")}


def make_some(registry: CollectorRegistry) -> list[Any]:
    made: list[Any] = [
        Counter("orders", "Orders.", ["kind"], registry=registry).labels("new"),
        Counter("visits", "Visits.", registry=registry),
        Gauge("stock", "Stock.", registry=registry, multiprocess_mode="livesum"),
    ]
    for number, each in enumerate(made):
        each.inc(number + 1)
    seconds = Histogram("wait_seconds", "Waits.", ["of"], registry=registry, buckets=(0.1, 1.0))
    for value in (0.05, 0.5, 5.0):
        seconds.labels("me").observe(value)
    Summary("size_bytes", "Sizes.", registry=registry).observe(7.0)
    return made


def test_what_the_files_have_a_place_for_is_never_said_to_be_of_one_process(
    files: Path,
    application: CollectorRegistry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not in the moment in which they are gone either; what is in none is shown and said."""
    make_some(application)
    activate(files, monkeypatch)
    move_into_files(application)
    scraped()
    for path in files.iterdir():
        path.unlink()
    (files / "counter_1.db").touch()  # a scrape without any file is one of this process
    Enum("phase", "Phase.", states=["a", "b"], registry=application)

    text = scraped()

    assert 'phase{phase="a"} 1.0' in text
    assert "stock" not in text
    (said,) = [each for each in caplog.records if each.name == "burnrate.telemetry"]
    assert said.__dict__["metrics"] == ["phase"]


def test_metrics_made_before_move_into_the_files_with_their_values(
    files: Path, application: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind, with labels and without; afterwards they count there."""
    made = make_some(application)
    before = without_times(application)
    activate(files, monkeypatch)
    move_into_files(application)
    assert without_times(application) == before
    assert read_samples(scraped()) == before
    for each in made:
        each.inc()
    assert read_samples(scraped()) == without_times(application) != before


def test_metrics_of_another_release_stay_where_they_are(
    files: Path, application: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has renamed everything private."""
    make_some(application)
    before = without_times(application)
    activate(files, monkeypatch)
    move_into_files(object())  # type: ignore[arg-type]
    assert without_times(application) == before


class Queue(Collector):
    """Reads something that all workers share."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("queue_length", "Waiting jobs.", 7.0)


def test_what_is_in_no_file_is_shown_and_said_once(
    files: Path,
    application: CollectorRegistry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The library leaves it out in silence."""
    activate(files, monkeypatch)
    Counter("orders", "Orders.", registry=application).inc()
    Info("build", "Build.", registry=application).info({"branch": "main"})
    Enum("mode", "Mode.", states=["on", "off"], registry=application).state("on")
    application.register(Queue())
    exposition = Exposition(CollectorRegistry(), has_application_metrics=True)
    with caplog.at_level(logging.WARNING):
        for accept in ("text/plain", "application/openmetrics-text"):
            text = exposition.render(accept, "")[0].decode()
            assert 'build_info{branch="main"} 1.0' in text
            assert 'mode{mode="on"} 1.0' in text
            assert "queue_length 7.0" in text
            assert text.count("\norders_total 1.0") == 1
        assert text.endswith("# EOF\n")
        assert text.count("# EOF") == 1
    (said,) = caplog.records
    assert set(said.__dict__["metrics"]) == {"mode", "queue_length"}


@pytest.mark.parametrize("labels", [(), ("shelf",)])
def test_gauge_with_a_function_is_named(
    files: Path,
    application: CollectorRegistry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    labels: tuple[str, ...],
) -> None:
    """No file holds a function, and the library shows 0 in silence."""
    activate(files, monkeypatch)
    gauge = Gauge("stock", "Stock.", labels, registry=application, multiprocess_mode="livesum")
    Gauge("well", "Well.", registry=application).set(1.0)
    (gauge.labels("top") if labels else gauge).set_function(lambda: 7.0)
    exposition = Exposition(CollectorRegistry(), has_application_metrics=True)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            exposition.render("", "")
    (said,) = caplog.records
    assert (said.message, said.__dict__["metrics"]) == (
        "functions of gauges are not shown",
        ["stock"],
    )


def test_collector_that_fails_hides_nothing_else(
    files: Path, application: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in the files is shown without it."""
    activate(files, monkeypatch)
    Counter("orders", "Orders.", registry=application).inc()

    class Failing(Queue):
        is_well = True

        def collect(self) -> Iterator[Metric]:
            if not self.is_well:
                raise RuntimeError("no queue")
            return super().collect()

    failing = Failing()
    application.register(failing)
    failing.is_well = False
    assert "orders_total 1.0" in scraped()


def test_collectors_that_are_no_gauges_are_not_looked_into() -> None:
    """The library's own of the platform keeps its metrics in a list; others may keep anything."""
    registry = CollectorRegistry()
    PlatformCollector(registry=registry)
    Gauge("depth", "Depth.", registry=registry).set_function(lambda: 1.0)
    assert names_with_functions(registry) == ["depth"]


@pytest.mark.usefixtures("files")
def test_values_in_files_of_the_library_s_become_ours_in_place(
    application: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever registry they are in; also those of a gauge whose files mean nothing later on."""
    monkeypatch.setattr(values, "ValueClass", values.MultiProcessValue())  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    made = [
        *make_some(application),
        Gauge("own", "Own.", registry=registry, multiprocess_mode="livesum"),
    ]
    for each in made:
        each.inc()
    before = read_samples(scraped())
    monkeypatch.setattr(multiprocess._Upkeep, "store", None)
    assert multiprocess.use_folder()
    move_into_files(application)
    assert read_samples(scraped()) == before
    for each in made:
        each.inc()
    assert read_samples(scraped()) != before
    assert not [each for each in gc.get_objects() if type(each).__name__ == "MmapedValue"]
