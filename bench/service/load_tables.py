"""The readings as tables."""

from collections.abc import Callable, Sequence
from typing import Final

from bench.measuring.spread import Spread, differences, ratios
from bench.reporting.report import Row, Table, at_least, at_most
from bench.service.comparison import Comparison, Pairs, Reading
from bench.service.endurance import Endurance
from bench.service.load_plan import LoadPlan
from bench.service.resources import MEGABYTE
from bench.service.running_service import PARTS

_MILLI: Final = 1e3
_MICRO: Final = 1e6
_PERCENT: Final = 100.0
_OFF: Final = "telemetry off"
_ON: Final = "telemetry on"

# DESIGN: what the service keeps of its throughput. The others are the load result that the project
# was asked for: 5,000 requests a second on 4 cores, P50 and P99.
_LEAST_KEPT: Final = 0.85
_LEAST_PER_CORE: Final = 1_250.0
_MOST_P50_MS: Final = 15.0
_MOST_P99_MS: Final = 80.0
_MOST_GROWTH: Final = 5.0

_Value = Callable[[Reading], float]


def comparison_tables(found: Comparison, plan: LoadPlan) -> tuple[Table, ...]:
    """Return the tables of the rounds: at full load, its CPU time by part, and at a steady rate."""
    return (_full(found.full, plan), _cpu(found.full), _steady(found, plan))


def _full(pairs: Pairs, plan: LoadPlan) -> Table:
    kept = ratios(_values(pairs, _rate))
    per_core = Spread.of([_per_core(on) for _, on in pairs])
    none = (None,) * 3
    return Table(
        title=f"{plan.connections:,} connections, as fast as they get answers",
        note=(
            f"Through nginx to gunicorn with {plan.workers} workers; {plan.full_rounds} rounds of "
            f"{plan.full_seconds} s for each. A core's share is the rate divided by the cores' "
            "worth of CPU time that nginx, api, PostgreSQL and Redis took. Every connection always "
            "waits for an answer, so times here are the queue's: connections divided by rate."
        ),
        columns=("requests/s", "times", "requests/s a core", "P50, ms", "P99, ms", "failed"),
        rows=(
            *(
                Row(
                    label=label,
                    cells=(
                        _spread(own, _rate),
                        times,
                        _spread(own, _per_core),
                        _spread(own, _p50_ms),
                        _spread(own, _p99_ms),
                        _failed(own),
                    ),
                )
                for label, own, times in zip((_OFF, _ON), _sides(pairs), (None, kept), strict=True)
            ),
            at_least("on to off", (None, kept, None, *none), kept, _LEAST_KEPT),
            at_least("on, a core", (None, None, per_core, *none), per_core, _LEAST_PER_CORE),
        ),
    )


def _cpu(pairs: Pairs) -> Table:
    parts = {part: _cpu_of(part) for part in PARTS}
    return Table(
        title="CPU time a request, at that load",
        note="User and system time of all of a part's processes, in microseconds.",
        columns=(_OFF, _ON, "on over off"),
        rows=tuple(
            Row(
                label=label,
                cells=(
                    *(_spread(own, value).times(_MICRO) for own in _sides(pairs)),
                    differences(_values(pairs, value)).times(_MICRO),
                ),
            )
            for label, value in {**parts, "all": _total_cpu}.items()
        ),
    )


def _steady(found: Comparison, plan: LoadPlan) -> Table:
    pairs = found.steady
    p50, p99 = (Spread.of([value(on) for _, on in pairs]) for value in (_p50_ms, _p99_ms))
    return Table(
        title=f"{plan.connections:,} connections, {found.steady_rate:,.0f} requests/s in all",
        note=(
            "Half of what the slower of the two can do: each connection pauses before each "
            f"request, at random. {plan.steady_rounds} rounds of {plan.steady_seconds} s for each."
        ),
        columns=("requests/s", "P50, ms", "P50, times", "P99, ms", "P99, times", "failed"),
        rows=(
            *(
                Row(
                    label=label,
                    cells=(
                        _spread(own, _rate),
                        _spread(own, _p50_ms),
                        ratios(_values(pairs, _p50_ms)) if label == _ON else None,
                        _spread(own, _p99_ms),
                        ratios(_values(pairs, _p99_ms)) if label == _ON else None,
                        _failed(own),
                    ),
                )
                for label, own in zip((_OFF, _ON), _sides(pairs), strict=True)
            ),
            at_most("on, P50", (None, p50, *(None,) * 4), p50, _MOST_P50_MS, " ms"),
            at_most("on, P99", (*(None,) * 3, p99, None, None), p99, _MOST_P99_MS, " ms"),
        ),
    )


def endurance_table(found: Endurance, plan: LoadPlan) -> Table:
    """Return the table of the long run, with a bar for whatever must be nothing."""
    start, end = found.memory
    growth = _one(_PERCENT * (end - start) / start)
    figures = found.figures
    workers = "recycled as shipped" if plan.is_recycling else "never recycled"
    return Table(
        title=f"{plan.minutes:g} minutes of it, with telemetry",
        note=(
            f"{plan.connections:,} connections without think time; workers {workers}. Memory is "
            "the proportional set size of the api's processes together, in which what they share "
            "counts once: the medians of a tenth of the run after its warm-up, and of its last "
            "tenth."
        ),
        columns=("value",),
        rows=(
            _row("requests", figures.sent),
            _row("requests/s", figures.served_in_time / found.seconds),
            _row("P50, ms", figures.p50_seconds * _MILLI),
            _row("P99, ms", figures.p99_seconds * _MILLI),
            _row("longest, ms", figures.longest_seconds * _MILLI),
            _nothing("failed requests", figures.failed),
            _nothing("failed connections", figures.socket_errors),
            _nothing("answers that clients and http_requests_total disagree on", found.uncounted),
            _row("workers recycled", found.recycled),
            _nothing("workers lost otherwise", found.lost),
            _row("messages of the feed", found.feed_messages),
            _row("memory at the start, MB", start / MEGABYTE),
            _row("memory at the end, MB", end / MEGABYTE),
            at_most("growth of memory, %", (growth,), growth, _MOST_GROWTH, " %"),
        ),
    )


def _sides(pairs: Pairs) -> tuple[Sequence[Reading], Sequence[Reading]]:
    return [off for off, _ in pairs], [on for _, on in pairs]


def _values(pairs: Pairs, value: _Value) -> list[tuple[float, float]]:
    return [(value(off), value(on)) for off, on in pairs]


def _spread(own: Sequence[Reading], value: _Value) -> Spread:
    return Spread.of([value(each) for each in own])


def _rate(reading: Reading) -> float:
    return reading.rate


def _per_core(reading: Reading) -> float:
    """Return how many requests one second of CPU time answers."""
    return 1 / reading.total_cpu_seconds


def _total_cpu(reading: Reading) -> float:
    return reading.total_cpu_seconds


def _cpu_of(part: str) -> _Value:
    return lambda reading: reading.cpu_seconds[part]


def _p50_ms(reading: Reading) -> float:
    return reading.p50_seconds * _MILLI


def _p99_ms(reading: Reading) -> float:
    return reading.p99_seconds * _MILLI


def _failed(own: Sequence[Reading]) -> Spread:
    return _one(sum(each.failed for each in own))


def _one(value: float) -> Spread:
    return Spread.of([value])


def _row(label: str, value: float) -> Row:
    return Row(label=label, cells=(_one(value),))


def _nothing(label: str, value: float) -> Row:
    return at_most(label, (_one(value),), _one(value), 0, "")
