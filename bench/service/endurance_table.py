"""The long run as a table."""

from typing import Final

from bench.measuring.spread import Spread
from bench.reporting.report import Row, Table, at_most
from bench.service.endurance import Endurance
from bench.service.load_plan import LoadPlan
from bench.service.resources import MEGABYTE

_MILLI: Final = 1e3
_PERCENT: Final = 100.0
_MOST_GROWTH: Final = 5.0


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


def _one(value: float) -> Spread:
    return Spread.of([value])


def _row(label: str, value: float) -> Row:
    return Row(label=label, cells=(_one(value),))


def _nothing(label: str, value: float) -> Row:
    return at_most(label, (_one(value),), _one(value), 0, "")
