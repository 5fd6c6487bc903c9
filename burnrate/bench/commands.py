"""`burnrate bench ...`: the commands, their options and what they print."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from burnrate.bench import machine, page, peers
from burnrate.bench.plans import QUICK_SCRAPES, QUICK_TELEMETRY, ScrapePlan, TelemetryPlan
from burnrate.bench.report import Report, Table, as_text
from burnrate.bench.service.plan import QUICK_LOAD, LoadPlan
from burnrate.cli import CommandError
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout, container_layout, find_checkout

_PEERS: Final = Path("cache", "bench-peers")

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
        """Measure, print, and write what is asked for."""
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


@click.group()
def bench() -> None:
    """Measure what the telemetry costs, beside what others cost."""


@bench.command()
@_json_option
@_docs_option
@_quick_option
@_peers_option
def telemetry(
    json_file: Path | None, peers_env: Path | None, *, is_documented: bool, is_quick: bool
) -> None:
    """Compare a request's cost and the throughput with the bare application's and the peers'."""
    # Needs the service's packages, which the other commands do without.
    from burnrate.bench.telemetry_run import measure  # noqa: PLC0415

    run = _Run("bench telemetry", is_quick, json_file, is_documented)
    plan = QUICK_TELEMETRY if is_quick else TelemetryPlan()
    folder, notes = _provide_peers(peers_env)
    versions = {} if folder is None else peers.wanted()
    run.report(lambda: measure(plan, folder), notes, versions)


@bench.command()
@_json_option
@_docs_option
@_quick_option
def scrapes(json_file: Path | None, *, is_documented: bool, is_quick: bool) -> None:
    """Compare scrapes of many workers, live and dead, with the client library's."""
    from burnrate.bench.scrape_tables import measure_scrapes  # noqa: PLC0415 - the same

    run = _Run("bench scrapes", is_quick, json_file, is_documented)
    plan = QUICK_SCRAPES if is_quick else ScrapePlan()
    run.report(lambda: measure_scrapes(plan))


@bench.command()
@_json_option
@_docs_option
@_quick_option
@click.option(
    "--minutes",
    type=click.FloatRange(0, 24 * 60),
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
    minutes: float,
    *,
    is_documented: bool,
    is_quick: bool,
    keep_workers: bool,
) -> None:
    """Load the whole service, with its telemetry and without.

    1,000 connections through nginx, all routes, PostgreSQL and Redis real; needs wrk.
    """
    from burnrate.bench.service import run as service  # noqa: PLC0415 - the same

    run = _Run("bench load", is_quick, json_file, is_documented)
    plan = replace(
        QUICK_LOAD if is_quick else LoadPlan(), minutes=minutes, is_recycling=not keep_workers
    )
    checkout = _checkout().checkout
    try:
        run.report(
            lambda: service.measure_load(plan, checkout, lambda line: click.echo(line, err=True)),
            versions=service.versions(),
        )
    except StackError as error:
        raise CommandError(str(error), log_tail=error.log_tail) from error


def _provide_peers(chosen: Path | None) -> tuple[Path | None, tuple[str, ...]]:
    """Return the peers' folder, or none and the note that says why."""
    try:
        return peers.provide((chosen or _checkout().state / _PEERS).absolute()), ()
    except (peers.PeersUnavailable, CommandError) as error:
        note = f"Left out, not installed: {', '.join(peers.wanted())} ({error})."
        click.echo(note, err=True)
        return None, (note,)


def _checkout() -> Layout:
    try:
        return container_layout(find_checkout(Path.cwd()))
    except StackError as error:
        raise CommandError(str(error)) from error
