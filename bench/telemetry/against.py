"""What a request costs beside what it cost at an earlier commit, in the same rounds."""

import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

from bench.measuring.driver import CHECKOUT, Reading, Worker
from bench.measuring.rounds import cpu_pairs, interleave
from bench.measuring.spread import Spread, differences
from bench.reporting.report import Row, Table, at_most
from bench.telemetry.costs import variant_environment
from bench.telemetry.telemetry_plan import TelemetryPlan
from bench.telemetry.variants import Variant
from burnrate.cli import CommandError

_MICRO: Final = 1e6
_MOST: Final = 1.05
_BEFORE: Final = "before: "


@contextmanager
def earlier(commit: str) -> Iterator[Path]:
    """Give a folder with the checkout as it was at a commit.

    Raises:
        CommandError: git has no such commit.
    """
    done = subprocess.run(  # noqa: S603 - git, on the repository that this file is in
        ["git", "archive", "--format=tar", commit, "bench", "burnrate", "burnrate.yml"],  # noqa: S607
        cwd=CHECKOUT, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise CommandError(f"git archive {commit}: {done.stderr.decode(errors='replace').strip()}")
    with tempfile.TemporaryDirectory(prefix="burnrate-bench-") as name:
        with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
            archive.extractall(name, filter="data")
        yield Path(name)


def measure_against(
    plan: TelemetryPlan, variants: Sequence[Variant], sink: str, commit: str
) -> Table:
    """Return what each variant costs over the bare application, now and at a commit.

    Args:
        plan: How much is measured.
        variants: Of ours; the commit's must be instrumented and set in the same way.
        sink: The address of a collector that takes spans.
        commit: Any name that git knows.

    Raises:
        CommandError: there is no such commit, or a worker ends.
    """
    with ExitStack() as stack:
        before = stack.enter_context(earlier(commit))
        base = stack.enter_context(Worker("request:bare", {}))
        others = {
            f"{label}{variant.label}": stack.enter_context(
                Worker(
                    f"request:{variant.instrumentation}",
                    variant_environment(variant, sink, None, stack),
                    checkout,
                )
            )
            for variant in variants
            for label, checkout in ((_BEFORE, before), ("", CHECKOUT))
        }
        interleave(base, others, rounds=1, count=plan.requests)  # warms all of them up
        readings = interleave(base, others, rounds=plan.rounds, count=plan.requests)
    return Table(
        title=f"CPU time a request, beside commit {commit}",
        note=(
            "Both run in the same rounds, on the same releases of all packages; in microseconds "
            "over the bare application. The ratio is that of the costs over bare."
        ),
        columns=("µs over bare, before", "µs over bare, now", "times"),
        rows=tuple(_row(variant, readings, plan) for variant in variants),
    )


def _row(
    variant: Variant, readings: dict[str, list[tuple[Reading, Reading]]], plan: TelemetryPlan
) -> Row:
    before, now = (
        cpu_pairs(readings[f"{label}{variant.label}"], plan.requests) for label in (_BEFORE, "")
    )
    # A round's own difference can be next to nothing; so the ratio is of middles and quartiles.
    was, own = differences(before), differences(now)
    times = Spread(own.low / was.median, own.median / was.median, own.high / was.median)
    cells = (was.times(_MICRO), own.times(_MICRO), times)
    return at_most(variant.label, cells, times, _MOST, " times before")
