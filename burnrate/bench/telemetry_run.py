"""All tables of `burnrate bench telemetry`."""

from collections.abc import Sequence
from pathlib import Path

from burnrate.bench.costs import measure_costs
from burnrate.bench.plans import TelemetryPlan
from burnrate.bench.report import Table
from burnrate.bench.single import measure_operations
from burnrate.bench.sink import running_sink
from burnrate.bench.throughput import measure_throughput
from burnrate.bench.variants import OURS, PEERS, SERVED, Variant


def measure(plan: TelemetryPlan, peers: Path | None) -> Sequence[Table]:
    """Return the tables; peers that are not installed are not in them."""

    def available(variants: Sequence[Variant]) -> list[Variant]:
        return [each for each in variants if peers is not None or not each.needs_peers]

    with running_sink() as sink:
        return (
            measure_costs(plan, available(OURS + PEERS), sink, peers),
            measure_throughput(plan, available(SERVED), sink, peers),
            measure_operations(plan),
        )
