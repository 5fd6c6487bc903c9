"""Rounds are interleaved, and a reading is worth what was served in it."""

from pathlib import Path
from typing import Any

import pytest

from bench.service import comparison
from bench.service.comparison import MADE_ANEW, ROUTES, Comparer, Reading, reading, steady_rates
from bench.service.generator import Figures, Target
from bench.service.load_plan import LoadPlan
from bench.service.running_service import RunningService
from bench.service.sides import DOCUMENT, OFF, ON
from burnrate.cli import CommandError
from burnrate.stack import AddressMap, Layout

PLAN = LoadPlan(
    connections=1000,
    full_rounds=3,
    full_seconds=8,
    steady_rounds=2,
    steady_seconds=10,
    route_rounds=1,
)


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
    rates = ((900.0, 600.0), (100.0, 700.0), (800.0, 800.0))
    rounds = [{OFF: of_rate(off), ON: of_rate(on)} for off, on in rates]
    assert steady_rates(rounds) == {OFF: 350.0, ON: 350.0}
    swapped = [{OFF: of_rate(on), ON: of_rate(off)} for off, on in rates]
    assert steady_rates(swapped) == {OFF: 350.0, ON: 350.0}


def test_the_document_s_way_gets_half_of_what_it_can_do_itself() -> None:
    """Busy to the same degree; ours are not slowed down for it."""
    rounds = [{OFF: of_rate(900.0), ON: of_rate(800.0), DOCUMENT: of_rate(200.0)}]
    assert steady_rates(rounds) == {OFF: 400.0, ON: 400.0, DOCUMENT: 100.0}


def test_rounds_take_turns_and_pauses_make_the_steady_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who goes first changes; both get the same load."""
    runs: list[tuple[str, float, float]] = []

    def run_wrk(target: Target, _content: Path, **options: Any) -> Figures:  # noqa: ANN401
        runs.append((target.url[-1], options["seconds"], options.get("think_seconds", 0.0)))
        assert options["connections"] == (32 if "mix" in options else 1000)
        return figures()

    monkeypatch.setattr(comparison, "run_wrk", run_wrk)
    sides = {OFF: service("1000"), ON: service("1001"), DOCUMENT: service("1002")}
    found = Comparer(PLAN, Path(), lambda _: None).compare(sides)
    # 80 served in 8 s: half of 10 a second, by 1,000 connections, is one in 200 s for each.
    assert set(found.steady_rates.values()) == {5.0}
    assert runs[:18] == [
        *((side, 5, 0.0) for side in "012"),
        *((side, 8, 0.0) for side in "012120201"),
        *((side, 10, 200.0) for side in "012120"),
    ]
    assert [len(rounds) for rounds in (found.full, found.steady)] == [3, 2]
    assert {tuple(each) for each in found.full} == {(OFF, ON, DOCUMENT)}


def test_single_routes_are_loaded_with_telemetry_and_as_the_document_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By few connections; a post that there is not is answered as it should be.

    A page that is made anew is that of a service without a cache.
    """
    runs: list[tuple[str, dict[str, int], int]] = []

    def run_wrk(target: Target, _content: Path, **options: Any) -> Figures:  # noqa: ANN401
        if options["connections"] == PLAN.route_connections:
            runs.append((target.url[-1], options["mix"], options["expected_status"]))
        return figures()

    monkeypatch.setattr(comparison, "run_wrk", run_wrk)
    sides = {OFF: service("1000"), ON: service("1001"), DOCUMENT: service("1002")}
    found = Comparer(PLAN, Path(), lambda _: None).compare(sides, service("1003"))
    assert runs == [
        *((side, {route.maker: 1}, route.status) for route in ROUTES.values() for side in "12"),
        *((side, {"list_users": 1}, 0) for side in "32"),
    ]
    assert {"show_missing_post": 1} in [mix for _, mix, status in runs if status == 404]
    assert set(found.routes) == {*ROUTES, MADE_ANEW}


def test_a_request_costs_what_the_parts_used_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """What they had used before the round is no cost of it."""
    used = iter(range(1_000))
    monkeypatch.setattr(comparison, "run_wrk", lambda *_, **__: figures(100))
    monkeypatch.setattr(comparison, "cpu_seconds", lambda _: {"api": 10.0 + next(used)})
    sides = {OFF: service("1000"), ON: service("1001")}
    found = Comparer(PLAN, Path(), lambda _: None).compare(sides)
    costs = {reading.cpu_seconds["api"] for each in found.full for reading in each.values()}
    assert costs == {0.01}


def test_a_load_of_failures_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to compare, and one line says so."""
    monkeypatch.setattr(comparison, "run_wrk", lambda *_, **__: figures(0, failed=50))
    with pytest.raises(CommandError, match="not one request was served"):
        Comparer(PLAN, Path(), lambda _: None).compare({OFF: service("1000"), ON: service("1001")})


def test_whoever_answers_after_the_round_has_been_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """What that cost is known; on a busy machine a short round may be over before any answer."""

    def run_wrk(*_: object, **options: object) -> Figures:
        is_late = "mix" in options or "think_seconds" in options
        return figures().model_copy(update={"served_in_time": 0} if is_late else {})

    monkeypatch.setattr(comparison, "run_wrk", run_wrk)
    sides = {OFF: service("1000"), ON: service("1001")}
    found = Comparer(PLAN, Path(), lambda _: None).compare(sides)
    assert {each[ON].rate for rounds in found.routes.values() for each in rounds} == {0.0}
    assert {each[ON].rate for each in found.steady} == {0.0}


def test_a_full_load_without_an_answer_in_time_has_no_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """The steady load would be none at all; while warming up, nobody needs one."""
    monkeypatch.setattr(
        comparison,
        "run_wrk",
        lambda *_, **options: figures(100 if options["seconds"] == PLAN.warm_up_seconds else 20),
    )
    with pytest.raises(CommandError, match="not one request was answered within 8 s"):
        Comparer(PLAN, Path(), lambda _: None).compare({OFF: service("1000"), ON: service("1001")})
