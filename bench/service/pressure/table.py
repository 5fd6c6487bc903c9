"""What others noticed, as a table."""

from collections.abc import Sequence
from typing import Final

from bench.measuring.spread import Spread, ratios
from bench.reporting.report import Row, Table, at_most
from bench.service.comparison import Reading
from bench.service.load_plan import LoadPlan
from bench.service.pressure.pressing import Pressure

_MILLI: Final = 1e3
_MOST_TIMES_QUIET: Final = 2.0


def pressure_table(found: Pressure, plan: LoadPlan, rate: float) -> Table:
    """Return the table: the P99 of others is at most twice what it is without the pressure."""
    slower = ratios(found.pairs(lambda reading: reading.p99_seconds))
    broken = Spread.of([found.indecent])
    failed = Spread.of([sum(each.failed for each in found.pressed)])
    answers = ", ".join(
        f"{count} times {status or 'none'}" for status, count in sorted(found.documents.items())
    )
    return Table(
        title=f"{plan.documents} forged documents and a worker that leaves, at once",
        note=(
            f"{plan.connections:,} connections with {rate:,.0f} requests/s of others, in turn "
            "alone and while all documents are sent in one moment, of 1 MiB each and made to take "
            "long, and a worker is told to leave. The documents were answered "
            f"{answers}; {found.left} workers left."
        ),
        columns=("requests/s", "P50, ms", "P99, ms", "P99, times", "failed"),
        rows=(
            _row("quiet", found.quiet),
            _row("pressed", found.pressed),
            at_most(
                "pressed to quiet", (*(None,) * 3, slower, None), slower, _MOST_TIMES_QUIET, ""
            ),
            at_most("others that failed", (*(None,) * 4, failed), failed, 0, ""),
            at_most("documents answered by a failure", (*(None,) * 4, broken), broken, 0, ""),
        ),
    )


def _row(label: str, readings: Sequence[Reading]) -> Row:
    return Row(
        label=label,
        cells=(
            Spread.of([each.rate for each in readings]),
            Spread.of([each.p50_seconds * _MILLI for each in readings]),
            Spread.of([each.p99_seconds * _MILLI for each in readings]),
            None,
            Spread.of([sum(each.failed for each in readings)]),
        ),
    )
