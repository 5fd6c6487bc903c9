"""The table of single operations."""

from contextlib import ExitStack
from typing import Final

from bench.measuring.driver import Worker
from bench.measuring.rounds import cpu_pairs, interleave
from bench.measuring.spread import Spread, ratios
from bench.reporting.report import Row, Table
from bench.telemetry.telemetry_plan import TelemetryPlan

_MICRO = 1e6
_PAIRS: Final = (
    ("Counter.inc in a metric file, against the library's", "counter-library", "counter-ours"),
    ("Histogram.observe, the same", "histogram-library", "histogram-ours"),
    ("a request line, against record and formatter", "line-formatter", "line-ours"),
)
_NOTE: Final = "CPU time of one call in microseconds; the ratio is ours to the other."


def measure_operations(plan: TelemetryPlan) -> Table:
    """Return what single operations cost, beside those they replace."""
    return Table(
        title="Single operations",
        note=_NOTE,
        columns=("other, µs", "ours, µs", "ratio"),
        rows=tuple(_row(plan, *names) for names in _PAIRS),
    )


def _row(plan: TelemetryPlan, label: str, other: str, ours: str) -> Row:
    with ExitStack() as stack:
        base, own = (stack.enter_context(Worker(f"operation:{name}", {})) for name in (other, ours))
        interleave(base, {ours: own}, rounds=1, count=plan.operations)
        readings = interleave(
            base, {ours: own}, rounds=plan.operation_rounds, count=plan.operations
        )
    pairs = cpu_pairs(readings[ours], plan.operations)
    before = Spread.of([pair[0] for pair in pairs]).times(_MICRO)
    after = Spread.of([pair[1] for pair in pairs]).times(_MICRO)
    return Row(label=label, cells=(before, after, ratios(pairs)))
