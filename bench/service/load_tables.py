"""The readings of all sides as tables."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bench.measuring.spread import Pair, Spread, differences, ratios
from bench.reporting.report import Row, Table, at_least, at_most
from bench.service.comparison import Comparison, Reading, Rounds
from bench.service.load_plan import LoadPlan
from bench.service.running_service import PARTS
from bench.service.sides import DOCUMENT, OFF, ON

_MILLI: Final = 1e3
_MICRO: Final = 1e6
_MICROSECOND: Final = 1e-6

# DESIGN: what the service keeps of its throughput. The others are the load result that the project
# was asked for: 5,000 requests a second on 4 cores, P50 and P99.
_LEAST_KEPT: Final = 0.85
_LEAST_PER_CORE: Final = 1_250.0
_MOST_P50_MS: Final = 15.0
_MOST_P99_MS: Final = 80.0
# What doing the same work properly must be worth, in requests a core and with a P99 no worse.
_LEAST_TIMES_DOCUMENT: Final = 3.0
_NO_WORSE: Final = 1.0
# The routes that are held to a core's share, and what stands beside the hit of the same route.
_USERS: Final = "users, a page, from the cache"
_MISSING: Final = "posts, one that there is not"
_HIT: Final = "posts, one, from the cache"
_LEAST_OF_A_HIT: Final = 0.8

_Value = Callable[[Reading], float]


def comparison_tables(found: Comparison, plan: LoadPlan) -> tuple[Table, ...]:
    """Return the tables: at full load, its CPU time by part, at a steady rate, of single routes."""
    return (
        _full(found.full, plan),
        _cpu(found.full),
        _steady(found, plan),
        _routes(found.routes, plan),
    )


def _full(rounds: Rounds, plan: LoadPlan) -> Table:
    kept = ratios(_pairs(rounds, OFF, ON, _rate))
    per_core = _spread(rounds, ON, _per_core)
    none = (None,) * 3
    rows = [
        Row(
            label=label,
            cells=(
                _spread(rounds, label, _rate),
                None if label == OFF else ratios(_pairs(rounds, OFF, label, _rate)),
                _spread(rounds, label, _per_core),
                _spread(rounds, label, _p50_ms),
                _spread(rounds, label, _p99_ms),
                _failed(rounds, label),
            ),
        )
        for label in _sides(rounds)
    ]
    rows += [
        at_least("on to off", (None, kept, None, *none), kept, _LEAST_KEPT),
        at_least("on, a core", (None, None, per_core, *none), per_core, _LEAST_PER_CORE),
    ]
    if DOCUMENT in rounds[0]:
        times, slower = (
            ratios(_pairs(rounds, DOCUMENT, ON, value)) for value in (_per_core, _p99_ms)
        )
        rows += [
            at_least(
                f"on to {DOCUMENT}, a core",
                (None, times, None, *none),
                times,
                _LEAST_TIMES_DOCUMENT,
            ),
            at_most(
                f"on to {DOCUMENT}, P99", (None, slower, None, *none), slower, _NO_WORSE, " times"
            ),
        ]
    return Table(
        title=f"{plan.connections:,} connections, as fast as they get answers",
        note=(
            f"Through nginx to gunicorn with {plan.workers} workers; {plan.full_rounds} rounds of "
            f"{plan.full_seconds} s for each. A core's share is the rate divided by the cores' "
            "worth of CPU time that nginx, api, PostgreSQL and Redis took. Every connection always "
            "waits for an answer, so times here are the queue's: connections divided by rate."
        ),
        columns=("requests/s", "times", "requests/s a core", "P50, ms", "P99, ms", "failed"),
        rows=tuple(rows),
    )


def _cpu(rounds: Rounds) -> Table:
    parts = {part: _cpu_of(part) for part in PARTS}
    return Table(
        title="CPU time a request, at that load",
        note="User and system time of all of a part's processes, in microseconds.",
        columns=(*_sides(rounds), "on over off"),
        rows=tuple(
            Row(
                label=label,
                cells=(
                    *(_spread(rounds, side, value).times(_MICRO) for side in _sides(rounds)),
                    differences(_pairs(rounds, OFF, ON, value)).times(_MICRO),
                ),
            )
            for label, value in {**parts, "all": _total_cpu}.items()
        ),
    )


def _steady(found: Comparison, plan: LoadPlan) -> Table:
    rounds = found.steady
    p50, p99 = (_spread(rounds, ON, value) for value in (_p50_ms, _p99_ms))
    rows = [
        Row(
            label=label,
            cells=(
                _spread(rounds, label, _rate),
                _spread(rounds, label, _p50_ms),
                None if label == OFF else ratios(_pairs(rounds, OFF, label, _p50_ms)),
                _spread(rounds, label, _p99_ms),
                None if label == OFF else ratios(_pairs(rounds, OFF, label, _p99_ms)),
                _failed(rounds, label),
            ),
        )
        for label in _sides(rounds)
    ]
    rows += [
        at_most("on, P50", (None, p50, *(None,) * 4), p50, _MOST_P50_MS, " ms"),
        at_most("on, P99", (*(None,) * 3, p99, None, None), p99, _MOST_P99_MS, " ms"),
    ]
    if DOCUMENT in rounds[0]:
        slower = ratios(_pairs(rounds, DOCUMENT, ON, _p99_ms))
        label = f"on to {DOCUMENT}, P99"
        cells = (*(None,) * 4, slower, None)
        rows.append(at_most(label, cells, slower, _NO_WORSE, " times"))
    return Table(
        title=f"{plan.connections:,} connections, {found.steady_rates[ON]:,.0f} requests/s in all",
        note=(
            "Half of what the slower of ours can do, and for the document's way half of what it "
            "can do itself: each connection pauses before each request, at random. "
            f"{plan.steady_rounds} rounds of {plan.steady_seconds} s for each."
        ),
        columns=("requests/s", "P50, ms", "P50, times", "P99, ms", "P99, times", "failed"),
        rows=tuple(rows),
    )


def _routes(routes: Mapping[str, Rounds], plan: LoadPlan) -> Table:
    rows = [_route(name, rounds) for name, rounds in routes.items()]
    missing = ratios(
        [
            (_per_core(hit[ON]), _per_core(miss[ON]))
            for hit, miss in zip(routes[_HIT], routes[_MISSING], strict=True)
        ]
    )
    cells = (None, None, missing, None)
    rows.append(at_least("the one that there is not, to the hit", cells, missing, _LEAST_OF_A_HIT))
    return Table(
        title="One route alone, requests/s a core",
        note=(
            f"{plan.route_connections} connections, as fast as they get answers; "
            f"{plan.route_rounds} rounds of {plan.route_seconds:g} s for each, with telemetry. "
            "Pages come from the cache, as shipped, until something that they show changes: here "
            "nothing does. One that is made anew is that of the same service without a cache."
        ),
        columns=("ours", DOCUMENT, "times", "ours, P99, ms"),
        rows=tuple(rows),
    )


def _route(name: str, rounds: Rounds) -> Row:
    own = _spread(rounds, ON, _per_core)
    has_document = DOCUMENT in rounds[0]
    cells = (
        own,
        _spread(rounds, DOCUMENT, _per_core) if has_document else None,
        ratios(_pairs(rounds, DOCUMENT, ON, _per_core)) if has_document else None,
        _spread(rounds, ON, _p99_ms),
    )
    if name == _USERS:
        return at_least(name, cells, own, _LEAST_PER_CORE)
    return Row(label=name, cells=cells)


def _sides(rounds: Rounds) -> Sequence[str]:
    return list(rounds[0])


def _pairs(rounds: Rounds, base: str, own: str, value: _Value) -> list[Pair]:
    return [(value(each[base]), value(each[own])) for each in rounds]


def _spread(rounds: Rounds, label: str, value: _Value) -> Spread:
    return Spread.of([value(each[label]) for each in rounds])


def _rate(reading: Reading) -> float:
    return reading.rate


def _per_core(reading: Reading) -> float:
    """Return how many requests one second of CPU time answers; tiny runs take less than a tick."""
    return 1 / max(reading.total_cpu_seconds, _MICROSECOND)


def _total_cpu(reading: Reading) -> float:
    return reading.total_cpu_seconds


def _cpu_of(part: str) -> _Value:
    return lambda reading: reading.cpu_seconds[part]


def _p50_ms(reading: Reading) -> float:
    return reading.p50_seconds * _MILLI


def _p99_ms(reading: Reading) -> float:
    return reading.p99_seconds * _MILLI


def _failed(rounds: Rounds, label: str) -> Spread:
    return Spread.of([sum(each[label].failed for each in rounds)])
