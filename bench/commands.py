"""`python -m bench ...`: the commands, their options and what they print."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from bench.reporting import machine, page
from bench.reporting.report import Report, Table, as_text
from bench.scrapes.scrape_plan import QUICK_SCRAPES, ScrapePlan
from bench.service.load_plan import QUICK_LOAD, LoadPlan
from bench.service.sides import DOCUMENT_PACKAGES
from bench.telemetry import peers
from bench.telemetry.telemetry_plan import QUICK_TELEMETRY, TelemetryPlan
from burnrate.cli import CommandError, CommandGroup
from burnrate.configuration import ConfigurationError, load_configuration
from burnrate.console import Number
from burnrate.http_client import NoAnswer
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree
from burnrate.slo.specification import load_all
from burnrate.stack import Layout, StackError, container_layout, find_checkout

_PEERS: Final = Path("cache", "bench-peers")
_DOCUMENT: Final = Path("cache", "bench-document")

_json_option = click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write the figures to this file as well.",
)
_docs_option = click.option(
    "--update-docs", "is_documented", is_flag=True, help="Write docs/performance.md."
)
_quick_option = click.option(
    "--quick", "is_quick", is_flag=True, help="Tiny counts: does it work at all?"
)
_peers_option = click.option(
    "--peers-env",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the peers' packages are, or get installed.  [default: in the state directory]",
)


@dataclass(frozen=True)
class _Run:
    """One run of one command, and what becomes of its figures."""

    command: str
    is_quick: bool
    json_file: Path | None
    is_documented: bool

    def report(
        self,
        measure: Callable[[], Sequence[Table]],
        notes: Sequence[str] = (),
        versions: Mapping[str, str] | None = None,
    ) -> None:
        """Measure, print the tables, and write the files that the command's options ask for.

        Args:
            measure: Returns the tables.
            notes: What was left out, and why.
            versions: Of what is measured, besides the releases that each report names.

        Raises:
            CommandError: the page of figures is not there, or is not what a run writes.
        """
        docs = _checkout().checkout / "docs" if self.is_documented else None
        before = machine.describe(versions or {})
        began = time.monotonic()
        tables = measure()
        report = Report(
            command=self.command,
            measured=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            seconds=round(time.monotonic() - began, 1),
            is_quick=self.is_quick,
            machine=before,
            notes=tuple(notes),
            tables=tuple(tables),
        )
        click.echo(as_text(report))
        if self.json_file is not None:
            self.json_file.write_text(report.model_dump_json(indent=2) + "\n")
        if docs is not None:
            page.update(docs, report)


@click.group(cls=CommandGroup, failures=[StackError, SpecError, ConfigurationError])
def bench() -> None:
    """Measure what the telemetry and the rules cost and what the service carries."""


@bench.command()
@_json_option
@_docs_option
@_quick_option
@_peers_option
@click.option(
    "--against", metavar="COMMIT", help="Measure only ours, beside what it was at this commit."
)
def telemetry(
    json_file: Path | None,
    peers_env: Path | None,
    against: str | None,
    *,
    is_documented: bool,
    is_quick: bool,
) -> None:
    """Compare a request's cost and the throughput with the bare application's and the peers'."""
    # Needs the service's packages, which the other commands do without.
    from bench.telemetry.telemetry_tables import measure  # noqa: PLC0415

    run = _Run("bench telemetry", is_quick, json_file, is_documented)
    plan = QUICK_TELEMETRY if is_quick else TelemetryPlan()
    folder, notes = _provide(peers_env, _PEERS) if against is None else (None, ())
    versions = {} if folder is None else peers.wanted()
    run.report(lambda: measure(plan, folder, against), notes, versions)


@bench.command()
@_json_option
@_docs_option
@_quick_option
def scrapes(json_file: Path | None, *, is_documented: bool, is_quick: bool) -> None:
    """Compare scrapes of many workers, live and dead, with the client library's."""
    from bench.scrapes.scrape_tables import measure_scrapes  # noqa: PLC0415 - the same

    run = _Run("bench scrapes", is_quick, json_file, is_documented)
    plan = QUICK_SCRAPES if is_quick else ScrapePlan()
    run.report(lambda: measure_scrapes(plan))


@bench.command()
@_json_option
@_docs_option
@_quick_option
@_peers_option
@click.option(
    "--minutes",
    type=Number(0, 24 * 60),
    default=0,
    help="Then load it for so long: is memory flat, nothing lost, and all counted?",
)
@click.option(
    "--keep-workers",
    is_flag=True,
    help="Recycle no worker, so that a leak of theirs shows.",
)
def load(
    json_file: Path | None,
    peers_env: Path | None,
    minutes: float,
    *,
    is_documented: bool,
    is_quick: bool,
    keep_workers: bool,
) -> None:
    """Load the whole service, with its telemetry, without, and as the source document has it.

    1,000 connections through nginx, all routes, PostgreSQL and Redis real; needs wrk.
    """
    from bench.service import load_run  # noqa: PLC0415 - the same

    run = _Run("bench load", is_quick, json_file, is_documented)
    plan = replace(
        QUICK_LOAD if is_quick else LoadPlan(), minutes=minutes, is_recycling=not keep_workers
    )
    checkout = _checkout().checkout
    packages, notes = _provide(peers_env, _DOCUMENT, DOCUMENT_PACKAGES)
    pinned = {} if packages is None else peers.wanted(DOCUMENT_PACKAGES)
    named = ("fastapi-cache2", "slowapi", "sqlalchemy")
    run.report(
        lambda: load_run.measure_load(
            plan, checkout, packages, lambda line: click.echo(line, err=True)
        ),
        notes,
        {**load_run.versions(), **{name: pinned[name] for name in named if name in pinned}},
    )


@bench.command()
@click.option(
    "--services",
    type=click.IntRange(1, 1000),
    default=100,
    show_default=True,
    help="How many services like ours.",
)
@click.option(
    "--evaluations",
    type=click.IntRange(1, 100),
    default=8,
    show_default=True,
    help="How many evaluations of each rule to measure.",
)
def slo(services: int, evaluations: int) -> None:
    """Run the rules of many services like ours in a real Prometheus and print what they cost."""
    from bench.slo.measure import Measurement  # noqa: PLC0415 - the same

    checkout = _checkout().checkout
    service = load_all(Tree(checkout).specs, load_configuration(checkout))[0]
    for line in Measurement(services, evaluations).run(service, checkout):
        click.echo(line)


@bench.command()
@click.option(
    "--years",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="How many years without a cause to simulate; of the largest traffic, one.",
)
@click.option(
    "--outages",
    type=click.IntRange(1, 10_000),
    default=60,
    show_default=True,
    help="How many outages of each kind to simulate.",
)
def quiet(years: int, outages: int) -> None:
    """Simulate years exactly at the objective, and outages: false pages and times to a page."""
    from bench.slo.quiet import quiet_lines  # noqa: PLC0415 - the same

    checkout = _checkout().checkout
    slos = load_all(Tree(checkout).specs, load_configuration(checkout))[0].slos
    for line in quiet_lines(slos[0], years, outages):
        click.echo(line)


@bench.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--update-docs", "is_documented", is_flag=True, help="Write docs/slo-scenarios.md.")
@click.option(
    "--at-once",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="How many run side by side; each takes some minutes.",
)
def scenarios(names: Sequence[str], at_once: int, *, is_documented: bool) -> None:
    """Break real processes, and compare what clients felt with SLO and alerts."""
    from bench.scenarios import page as scenario_page  # noqa: PLC0415 - the same
    from bench.scenarios.catalogue import SCENARIOS  # noqa: PLC0415 - the same
    from bench.scenarios.run import Found, run  # noqa: PLC0415 - the same

    if unknown := [name for name in names if name not in SCENARIOS]:
        known = ", ".join(SCENARIOS)
        raise click.UsageError(f"no scenario {', '.join(unknown)}; there are {known}")
    wanted = names or tuple(SCENARIOS)
    page = _checkout().checkout / "docs/slo-scenarios.md"

    def run_one(name: str) -> Found | None:
        try:
            found = asyncio.run(run(SCENARIOS[name]))
        except (CommandError, NoAnswer) as error:
            click.echo(f"{name}: not measured: {error}", err=True)
            return None
        click.echo(scenario_page.row(found))
        return found

    # Each has an event loop of its own: starting one must not delay another's clients.
    with ThreadPoolExecutor(at_once) as pool:
        found = dict(zip(wanted, pool.map(run_one, wanted), strict=True))
    if is_documented:
        scenario_page.update(page, [each for each in found.values() if each is not None])
    if missing := [name for name, each in found.items() if each is None]:
        raise CommandError(f"not measured: {', '.join(missing)}")


def _provide(
    chosen: Path | None, usual: Path, requirements: Path = peers.REQUIREMENTS
) -> tuple[Path | None, tuple[str, ...]]:
    """Return the folder of what we are compared with, or none and the note that says why."""
    folder = (chosen or _checkout().state / usual).absolute()
    try:
        return peers.provide(folder, requirements), ()
    except (peers.PeersUnavailable, StackError) as error:
        note = f"Left out, not installed: {', '.join(peers.wanted(requirements))} ({error})."
        click.echo(note, err=True)
        return None, (note,)


def _checkout() -> Layout:
    return container_layout(find_checkout(Path.cwd()))
