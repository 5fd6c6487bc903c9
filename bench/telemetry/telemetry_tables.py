"""All tables of `python -m bench telemetry`."""

from collections.abc import Sequence
from pathlib import Path

from bench.measuring.otlp_sink import running_sink
from bench.reporting.report import Table
from bench.telemetry.against import measure_against
from bench.telemetry.costs import measure_costs
from bench.telemetry.operation_table import measure_operations
from bench.telemetry.route_table import measure_routes
from bench.telemetry.telemetry_plan import TelemetryPlan
from bench.telemetry.throughput import measure_throughput
from bench.telemetry.variants import OURS, PEERS, SERVED, Variant


def measure(plan: TelemetryPlan, peers: Path | None, against: str | None = None) -> Sequence[Table]:
    """Return the tables.

    Args:
        plan: How much is measured.
        peers: The folder of the peers' packages; without it they are left out.
        against: A commit: then only ours is measured, now and as it was.

    Raises:
        CommandError: a process of the measurement fails.
    """

    def available(variants: Sequence[Variant]) -> list[Variant]:
        return [each for each in variants if peers is not None or not each.needs_peers]

    with running_sink() as sink:
        if against is not None:
            return (measure_against(plan, OURS, sink, against),)
        return (
            measure_costs(plan, available(OURS + PEERS), sink, peers),
            measure_throughput(plan, available(SERVED), sink, peers),
            measure_operations(plan),
            *((measure_routes(plan, peers),) if peers is not None else ()),
        )
