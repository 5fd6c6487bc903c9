"""Requests a second of real servers with four workers, in interleaved rounds."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.measuring.rounds import rotated
from bench.measuring.spread import Spread, differences, ratios
from bench.reporting.report import Row, Table, at_least
from bench.telemetry.costs import variant_environment
from bench.telemetry.request_rate import has_wrk, requests_per_second
from bench.telemetry.server import Server, running_server
from bench.telemetry.telemetry_plan import TelemetryPlan
from bench.telemetry.variants import (
    BARE,
    SERVED_INSTRUMENTATOR,
    SERVED_OURS,
    SERVED_STACKED,
    Variant,
)

_MICRO = 1e6
# The bars: what ours keeps of the bare throughput, and how much more it serves than the peers.
_BARS: Final = ((BARE, 0.85), (SERVED_INSTRUMENTATOR, 1.5), (SERVED_STACKED, 5.0))


@dataclass(frozen=True)
class LoadReading:
    """One round of one server."""

    rate: float
    cpu_seconds: float  # a request, over all workers


def measure_throughput(
    plan: TelemetryPlan, variants: Sequence[Variant], sink: str, peers: Path | None
) -> Table:
    """Return how many requests a second servers with each of the variants answer.

    Args:
        plan: How much is measured.
        variants: What is compared; the bare application and ours are among them.
        sink: The address of a collector that takes spans.
        peers: The folder of the peers' packages; None where no variant needs it.

    Raises:
        CommandError: a server does not start, or a request fails.
    """
    with ExitStack() as stack:
        servers = {
            variant.label: stack.enter_context(
                running_server(
                    variant.instrumentation,
                    plan.server_workers,
                    variant_environment(variant, sink, peers, stack),
                )
            )
            for variant in variants
        }
        readings = _rounds(servers, plan)
    return table(readings, plan)


def table(readings: Mapping[str, Sequence[LoadReading]], plan: TelemetryPlan) -> Table:
    """Return the table; readings of one round have the same place in each variant's list."""
    rows = [_row(label, own, readings[BARE.label]) for label, own in readings.items()]
    ours = readings[SERVED_OURS.label]
    for other, least in _BARS:
        if other.label in readings:
            rates = [
                (base.rate, own.rate) for base, own in zip(readings[other.label], ours, strict=True)
            ]
            label = f"burnrate to {other.label}"
            rows.append(at_least(label, (None, ratios(rates), None, None), ratios(rates), least))
    client = "wrk" if has_wrk() else "the bench's own client (wrk is not installed)"
    return Table(
        title=f"Throughput, gunicorn with {plan.server_workers} workers",
        note=(
            f"Requests a second over {plan.connections} loopback connections by {client}, which "
            f"shares the cores; rounds of {plan.load_seconds} s, all servers running. CPU time is "
            "that of the workers."
        ),
        columns=("requests/s", "times", "CPU µs a request", "CPU µs over bare"),
        rows=tuple(rows),
    )


def _rounds(servers: Mapping[str, Server], plan: TelemetryPlan) -> dict[str, list[LoadReading]]:
    readings: dict[str, list[LoadReading]] = {label: [] for label in servers}
    for server in servers.values():  # warms up all workers
        requests_per_second(server.url, plan.connections, 1)
    for number in range(plan.load_rounds):
        for label in rotated(list(servers), number):
            readings[label].append(_read(servers[label], plan))
    return readings


def _read(server: Server, plan: TelemetryPlan) -> LoadReading:
    before = server.cpu_seconds()
    rate = requests_per_second(server.url, plan.connections, plan.load_seconds)
    used = server.cpu_seconds() - before
    return LoadReading(rate, used / (rate * plan.load_seconds))


def _row(label: str, own: Sequence[LoadReading], base: Sequence[LoadReading]) -> Row:
    rates = [(one.rate, other.rate) for one, other in zip(base, own, strict=True)]
    cpu = [(one.cpu_seconds, other.cpu_seconds) for one, other in zip(base, own, strict=True)]
    is_base = own is base
    return Row(
        label=label,
        cells=(
            Spread.of([each.rate for each in own]),
            None if is_base else ratios(rates),
            Spread.of([each.cpu_seconds for each in own]).times(_MICRO),
            None if is_base else differences(cpu).times(_MICRO),
        ),
    )
