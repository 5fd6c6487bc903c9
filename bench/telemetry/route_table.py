"""What a scrape of an application of many routes costs, beside the peer's."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.measuring.driver import Reading, Worker, python_path
from bench.measuring.rounds import cpu_pairs, interleave
from bench.measuring.spread import Spread, ratios
from bench.reporting.report import Row, Table, at_most
from bench.telemetry.many_routes import ROUTES
from bench.telemetry.telemetry_plan import TelemetryPlan

_MILLI: Final = 1e3
_MOST_TIMES: Final = 3.0
_MOST_SERIES: Final = 1_500
_PEER: Final = "instrumentator"


def measure_routes(plan: TelemetryPlan, peers: Path) -> Table:
    """Return what a scrape costs and has, of ours and of prometheus-fastapi-instrumentator's.

    Args:
        plan: How much is measured.
        peers: The folder of the peers' packages.

    Raises:
        CommandError: a worker ends, or takes too long.
    """
    rows: list[Row] = []
    for state in ("fresh", "used"):
        with ExitStack() as stack:
            peer = stack.enter_context(Worker(f"routes:{_PEER}:{state}", python_path(peers)))
            ours = stack.enter_context(Worker(f"routes:burnrate:{state}"))
            others = {"ours": ours}
            interleave(peer, others, rounds=1, count=plan.scrapes)
            pairs = interleave(peer, others, rounds=plan.rounds, count=plan.scrapes)["ours"]
        rows += _rows(state, pairs, plan)
    return Table(
        title=f"A scrape of an application of {ROUTES} routes",
        note=(
            "CPU time in milliseconds of `GET /metrics`, called in process; fresh, and after each "
            "route was asked for once. The ratio is to prometheus-fastapi-instrumentator's."
        ),
        columns=("ms", "times", "series", "kB"),
        rows=tuple(rows),
    )


def _rows(
    state: str, readings: Sequence[tuple[Reading, Reading]], plan: TelemetryPlan
) -> tuple[Row, ...]:
    pairs = cpu_pairs(readings, plan.scrapes)
    costs = [Spread.of([pair[place] for pair in pairs]).times(_MILLI) for place in (0, 1)]
    series, sizes = (
        [
            Spread.of([reading.extra[key] for reading in pair])
            for pair in zip(*readings, strict=True)
        ]
        for key in ("series", "bytes")
    )
    times = ratios(pairs)
    peer = Row(
        label=f"prometheus-fastapi-instrumentator, {state}",
        cells=(costs[0], None, series[0], sizes[0].times(1e-3)),
    )
    own = (costs[1], times, series[1], sizes[1].times(1e-3))
    rows = (peer, at_most(f"burnrate, {state}", own, times, _MOST_TIMES, " times the peer's"))
    if state != "fresh":
        return rows
    cells = (None, None, series[1], None)
    return (*rows, at_most("burnrate, its series", cells, series[1], _MOST_SERIES, ""))
