"""Memory is judged by what it is for most of a while, not by one moment."""

import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from bench.service import endurance
from bench.service.endurance import MemorySamples, start_and_end
from bench.service.load_plan import LoadPlan
from bench.service.resources import ProcessTree
from bench.service.running_service import RunningService
from burnrate.cli import CommandError
from burnrate.samples import Samples
from burnrate.stack import AddressMap, Layout
from tests.support.waiting import PATIENCE_SECONDS


def test_the_warm_up_counts_for_nothing_and_a_moment_for_little() -> None:
    """100 samples: 5 of warm-up, 10 of start, 10 of end; a fifth worker lives for a moment."""
    samples = [1.0] * 5 + [300.0] * 9 + [400.0] + [500.0] * 75 + [330.0] * 8 + [900.0] * 2
    assert start_and_end(samples) == (300.0, 330.0)


@pytest.mark.parametrize("samples", [[7.0], [7.0, 7.0, 7.0]])
def test_a_short_run_has_a_start_and_an_end_too(samples: list[float]) -> None:
    """One sample is both."""
    assert start_and_end(samples) == (7.0, 7.0)


def test_memory_is_read_again_and_again_until_the_block_ends() -> None:
    """In the order of the readings, and by nobody afterwards."""
    read_thrice = threading.Event()
    readings = iter(range(1_000_000))

    def read() -> int:
        value = next(readings)
        if value == 2:
            read_thrice.set()
        return value

    with MemorySamples(read, 0.001) as memory:
        assert read_thrice.wait(PATIENCE_SECONDS)
        assert "memory" in {thread.name for thread in threading.enumerate()}
    assert "memory" not in {thread.name for thread in threading.enumerate()}
    assert memory.values == list(range(next(readings)))


def test_a_part_that_ends_is_no_error_of_the_thread() -> None:
    """What was read before counts; the requests tell the rest."""
    readings = iter([7, 8])

    def read() -> int:
        try:
            return next(readings)
        except StopIteration:
            raise psutil.NoSuchProcess(1) from None

    with MemorySamples(read, 0.001) as memory:
        memory._thread.join(PATIENCE_SECONDS)
    assert memory.values == [7, 8]


def test_a_service_that_ends_at_once_has_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long run without one reading of its memory has loaded nothing."""
    addresses = AddressMap.from_environment({})
    gone = ProcessTree(_ended_process())
    service = RunningService(Layout(Path(), Path()), addresses, {"api": gone})
    monkeypatch.setattr(endurance, "scrape", lambda _: Samples.read(""))
    monkeypatch.setattr(endurance, "run_wrk", lambda *_, **__: None)
    with pytest.raises(CommandError, match="the api has ended under the load"):
        endurance.endure(service, LoadPlan(feeds=0, minutes=0.001), Path())


def _ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid
