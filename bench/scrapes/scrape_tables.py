"""The tables of `python -m bench scrapes`."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from bench.measuring.driver import Reading, Worker
from bench.measuring.rounds import cpu_pairs, interleave
from bench.measuring.spread import Spread, ratios
from bench.reporting.report import Row, Table, at_most
from bench.scrapes.metric_folders import FOLDER_VARIABLE, DeadWorkers
from bench.scrapes.scrape_plan import ScrapePlan
from bench.scrapes.scrapes import TEMPLATE_VARIABLE
from bench.scrapes.stalls import SECONDS_VARIABLE
from burnrate.telemetry.workers import metric_files

_MILLI: Final = 1e3
_RECYCLES_AT_ONCE: Final = 100
# How much each live worker counts between two scrapes.
_EVENTS: Final = 50


def measure_scrapes(plan: ScrapePlan) -> tuple[Table, ...]:
    """Return the tables of scrapes, of recycling and of stalls."""
    with ExitStack() as stack:
        fresh, writers = stack.enter_context(_live_folder(plan))
        recycled, _ = stack.enter_context(_live_folder(plan))
        return (
            _fresh_table(plan, fresh, writers),
            _recycled_table(plan, fresh, recycled),
            _stall_table(plan, fresh),
        )


@contextmanager
def _live_folder(plan: ScrapePlan) -> Iterator[tuple[Path, Sequence[Worker]]]:
    """Give a folder with live workers that write to it."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="burnrate-bench-"))
        writers = [
            stack.enter_context(Worker(f"files:{plan.label_sets}", {FOLDER_VARIABLE: name}))
            for _ in range(plan.writers)
        ]
        for writer in writers:
            writer.wait_until_ready()
        yield Path(name), writers


def _scraper(kind: str, folder: Path, stack: ExitStack, more: Mapping[str, str] = {}) -> Worker:
    environment = {FOLDER_VARIABLE: str(folder), **more}
    return stack.enter_context(Worker(kind, environment))


def _fresh_table(plan: ScrapePlan, folder: Path, writers: Sequence[Worker]) -> Table:
    def count_on() -> None:
        for writer in writers:
            writer.measure(_EVENTS)

    with ExitStack() as stack:
        library = _scraper("scrape:library", folder, stack)
        ours = {
            name: _scraper(f"scrape:{name}", folder, stack)
            for name in ("cold", "warm", "openmetrics")
        }
        interleave(library, ours, rounds=1, count=1)
        readings = interleave(library, ours, rounds=plan.rounds, count=1, after_round=count_on)
    lines = int(readings["warm"][0][1].extra["lines"])
    base = Spread.of([pair[0].cpu_seconds for pair in readings["warm"]]).times(_MILLI)
    return Table(
        title=f"A scrape of {lines:,} lines, {plan.writers} workers that count",
        note="CPU time of rendering, in milliseconds; the ratio is to the client library's scrape.",
        columns=("ms", "ratio"),
        rows=(
            Row(label="prometheus_client", cells=(base, None)),
            _scrape_row("burnrate, the first scrape of a process", readings["cold"], 120.0),
            _scrape_row("burnrate, any later one", readings["warm"], 25.0),
            _scrape_row("burnrate, OpenMetrics with exemplars", readings["openmetrics"], 25.0),
        ),
    )


def _scrape_row(label: str, readings: Sequence[tuple[Reading, Reading]], most: float) -> Row:
    pairs = cpu_pairs(readings, 1)
    own = Spread.of([pair[1] for pair in pairs]).times(_MILLI)
    return at_most(label, (own, ratios(pairs)), own, most, " ms")


def _recycled_table(plan: ScrapePlan, fresh: Path, recycled: Path) -> Table:
    template = {TEMPLATE_VARIABLE: str(fresh)}
    with ExitStack() as stack:
        recycler = _scraper("scrape:recycle", recycled, stack, template)
        dead = _recycle(plan, recycler)
        files = len(metric_files.list_files(recycled))
        base = _scraper("scrape:warm", fresh, stack)
        own = {"recycled": _scraper("scrape:warm", recycled, stack)}
        interleave(base, own, rounds=1, count=1)
        readings = interleave(base, own, rounds=plan.rounds, count=1)["recycled"]
        folder = _scraper("scrape:fold", recycled, stack, template)
        folds = [folder.measure(1).cpu_seconds for _ in range(plan.folds)]
        library = _library_row(plan, fresh, stack)
    pairs = cpu_pairs(readings, 1)
    cost, ratio = Spread.of([pair[1] for pair in pairs]).times(_MILLI), ratios(pairs)
    fold = Spread.of(folds).times(_MILLI)
    return Table(
        title="When workers have come and gone",
        note=(
            "CPU time in milliseconds; the ratio is to a scrape of the same size with no dead "
            "worker. Each dead worker left a full set of series. A file count that stays is two "
            "archives and each live worker's files."
        ),
        columns=("ms", "ratio", "metric files"),
        rows=(
            at_most(
                f"burnrate, a scrape after {dead:,} recycles",
                (cost, ratio, Spread.of([files])),
                ratio,
                1.2,
                " times fresh",
            ),
            at_most("burnrate, one dead worker folded", (fold, None, None), fold, 30.0, " ms"),
            library,
        ),
    )


def _recycle(plan: ScrapePlan, recycler: Worker) -> int:
    """Let workers come and go, all that are planned or as many as time allows."""
    until = time.monotonic() + plan.recycle_seconds
    done = 0
    while done < plan.recycles and time.monotonic() < until:
        some = min(_RECYCLES_AT_ONCE, plan.recycles - done)
        recycler.measure(some)
        done += some
    return done


def _library_row(plan: ScrapePlan, fresh: Path, stack: ExitStack) -> Row:
    """Return the library's scrape of a folder that keeps every dead worker's files."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="burnrate-bench-")))
    DeadWorkers(folder, fresh).add(plan.writers + plan.library_dead)
    base = _scraper("scrape:library", fresh, stack)
    own = {"dead": _scraper("scrape:library", folder, stack)}
    readings = interleave(base, own, rounds=plan.library_rounds, count=1)["dead"]
    pairs = cpu_pairs(readings, 1)
    return Row(
        label=f"prometheus_client, a scrape after {plan.library_dead:,} recycles",
        cells=(
            Spread.of([pair[1] for pair in pairs]).times(_MILLI),
            ratios(pairs),
            Spread.of([len(metric_files.list_files(folder))]),
        ),
    )


def _stall_table(plan: ScrapePlan, folder: Path) -> Table:
    readings = {name: _stall(plan, name, folder) for name in ("none", "library", "warm")}
    return Table(
        title="An event loop under load during scrapes",
        note=(
            "How late a task that sleeps 1 ms wakes up, in milliseconds, in a loop that serves "
            "requests while a thread renders one scrape after the other. Python hands the "
            "interpreter over every 5 ms at the earliest."
        ),
        columns=("median, ms", "p99.9, ms", "probes"),
        rows=(
            Row(label="no scrape", cells=readings["none"]),
            Row(label="prometheus_client in a thread", cells=readings["library"]),
            at_most("burnrate", readings["warm"], readings["warm"][1], 20.0, " ms (p99.9)"),
        ),
    )


def _stall(plan: ScrapePlan, name: str, folder: Path) -> tuple[Spread, Spread, Spread]:
    with ExitStack() as stack:
        more = {SECONDS_VARIABLE: str(plan.probe_seconds)}
        found = _scraper(f"stall:{name}", folder, stack, more).measure(plan.probes).extra
    p50, p999 = (Spread.of([found[key]]).times(_MILLI) for key in ("p50", "p999"))
    return p50, p999, Spread.of([found["probes"]])
