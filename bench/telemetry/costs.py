"""CPU time a request over the bare application, variant by variant, in interleaved rounds."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.measuring.driver import Reading, Worker, python_path
from bench.measuring.rounds import cpu_pairs, interleave
from bench.measuring.spread import Pair, Spread, differences, ratios
from bench.reporting.report import Row, Table, at_most
from bench.telemetry.telemetry_plan import TelemetryPlan
from bench.telemetry.variants import BARE, Variant

_MICRO = 1e6
_NOTE = (
    "CPU time (user and system, all threads, spans sent, lines written) of a small JSON route "
    "called in process, as uvicorn calls it, in microseconds a request. Each reading has one of "
    "the bare application right beside it; shown are medians over all rounds, in brackets the "
    "quartiles. `metric files` means what one of many workers does."
)


def measure_costs(
    plan: TelemetryPlan, variants: Sequence[Variant], sink: str, peers: Path | None
) -> Table:
    """Return what each variant costs a request over the bare application.

    Args:
        plan: How much is measured.
        variants: What is compared.
        sink: The address of a collector that takes spans.
        peers: The folder of the peers' packages; None where no variant needs it.

    Raises:
        CommandError: a worker ends, or takes too long.
    """
    with ExitStack() as stack:
        base = stack.enter_context(Worker("request:bare", {}))
        others = {
            variant.label: stack.enter_context(_start(variant, sink, peers, stack))
            for variant in variants
        }
        interleave(base, others, rounds=1, count=plan.requests)  # warms all of them up
        readings = interleave(base, others, rounds=plan.rounds, count=plan.requests)
    return Table(
        title="CPU time a request, in process",
        note=_NOTE,
        columns=("µs", "µs over bare", "times bare"),
        rows=(_bare_row(readings, plan), *(_row(each, readings, plan) for each in variants)),
    )


def variant_environment(
    variant: Variant, sink: str, peers: Path | None, stack: ExitStack
) -> dict[str, str]:
    """Return the variables of a variant's process; `stack` deletes its folder of metric files."""
    environment = dict(variant.environment)
    if variant.is_traced:
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = sink
    if variant.has_metric_files:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="burnrate-bench-"))
        environment["PROMETHEUS_MULTIPROC_DIR"] = folder
    if variant.needs_peers:
        environment.update(python_path(peers))
    return environment


def _start(variant: Variant, sink: str, peers: Path | None, stack: ExitStack) -> Worker:
    return Worker(
        f"request:{variant.instrumentation}", variant_environment(variant, sink, peers, stack)
    )


def _bare_row(readings: dict[str, list[tuple[Reading, Reading]]], plan: TelemetryPlan) -> Row:
    pairs = [pair for each in readings.values() for pair in cpu_pairs(each, plan.requests)]
    spread = Spread.of([base for base, _ in pairs]).times(_MICRO)
    return Row(label=BARE.label, cells=(spread, None, None))


def _row(
    variant: Variant, readings: dict[str, list[tuple[Reading, Reading]]], plan: TelemetryPlan
) -> Row:
    pairs: list[Pair] = cpu_pairs(readings[variant.label], plan.requests)
    over = differences(pairs).times(_MICRO)
    cells = (Spread.of([own for _, own in pairs]).times(_MICRO), over, ratios(pairs))
    if variant.most_microseconds is None:
        return Row(label=variant.label, cells=cells)
    return at_most(variant.label, cells, over, variant.most_microseconds, " µs over bare")
