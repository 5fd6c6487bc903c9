"""Rounds are interleaved, and a reading is worth what was served in it."""

from pathlib import Path
from typing import Any

import pytest

from bench.service import comparison
from bench.service.comparison import Comparer, Reading, reading, steady_rate
from bench.service.generator import Figures, Target
from bench.service.load_plan import LoadPlan
from bench.service.running_service import RunningService
from burnrate.cli import CommandError
from burnrate.stack import AddressMap, Layout

PLAN = LoadPlan(connections=1000, full_rounds=2, full_seconds=8, steady_rounds=2, steady_seconds=10)


def service(port: str) -> RunningService:
    """Return a service that is only an address."""
    addresses = AddressMap.from_environment({"NGINX_PORT": port})
    return RunningService(Layout(Path(), Path()), addresses, {})


def figures(served: int = 100, *, failed: int = 0) -> Figures:
    """Return what wrk might have seen."""
    return Figures(
        sent=served + failed,
        answered=served + failed,
        served=served,
        served_in_time=served - 20,
        statuses={200: served, 503: failed},
        socket_errors=0,
        p50_seconds=0.01,
        p99_seconds=0.02,
        longest_seconds=0.03,
    )


def of_rate(rate: float) -> Reading:
    """Return a reading."""
    return Reading(rate, 0.01, 0.02, 0, {"api": 0.001})


def test_a_reading_counts_successes_and_charges_them_with_everything() -> None:
    """80 in 8 s; what was spent on refusals was spent for nothing."""
    found = reading(figures(100, failed=50), 8, {"api": 0.2, "redis": 0.05})
    assert found.rate == 10.0
    assert found.failed == 50
    assert found.cpu_seconds == {"api": 0.002, "redis": 0.0005}
    assert found.total_cpu_seconds == pytest.approx(0.0025)


def test_the_steady_load_is_half_of_what_the_slower_one_can_do() -> None:
    """Judged by medians; the variant with telemetry need not be the slower one."""
    pairs = [
        (of_rate(off), of_rate(on)) for off, on in ((900.0, 600.0), (100.0, 700.0), (800.0, 800.0))
    ]
    assert steady_rate(pairs) == 350.0
    assert steady_rate([(on, off) for off, on in pairs]) == 350.0


def test_rounds_take_turns_and_pauses_make_the_steady_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who goes first changes; both get the same load."""
    runs: list[tuple[str, float, float]] = []

    def run_wrk(target: Target, _content: Path, **options: Any) -> Figures:  # noqa: ANN401
        runs.append((target.url[-1], options["seconds"], options["think_seconds"]))
        assert options["connections"] == 1000
        return figures()

    monkeypatch.setattr(comparison, "run_wrk", run_wrk)
    found = Comparer(PLAN, Path(), lambda _: None).compare(service("1000"), service("1001"))
    # 80 served in 8 s: half of 10 a second, by 1,000 connections, is one in 200 s for each.
    assert found.steady_rate == 5.0
    assert runs == [
        *(("0", 5, 0.0), ("1", 5, 0.0)),
        *(("0", 8, 0.0), ("1", 8, 0.0), ("1", 8, 0.0), ("0", 8, 0.0)),
        *(("0", 10, 200.0), ("1", 10, 200.0), ("1", 10, 200.0), ("0", 10, 200.0)),
    ]
    assert len(found.full) == len(found.steady) == 2


def test_a_request_costs_what_the_parts_used_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """What they had used before the round is no cost of it."""
    used = iter(range(1_000))
    monkeypatch.setattr(comparison, "run_wrk", lambda *_, **__: figures(100))
    monkeypatch.setattr(comparison, "cpu_seconds", lambda _: {"api": 10.0 + next(used)})
    found = Comparer(PLAN, Path(), lambda _: None).compare(service("1000"), service("1001"))
    costs = {side.cpu_seconds["api"] for pair in found.full for side in pair}
    assert costs == {0.01}


def test_a_load_of_failures_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to compare, and one line says so."""
    monkeypatch.setattr(comparison, "run_wrk", lambda *_, **__: figures(20, failed=50))
    with pytest.raises(CommandError, match="not one request was served"):
        Comparer(PLAN, Path(), lambda _: None).compare(service("1000"), service("1001"))
