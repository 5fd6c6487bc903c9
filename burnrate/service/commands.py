"""`burnrate service ...`: the commands, their options and what they print."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from burnrate.cli import CommandGroup
from burnrate.configuration import ConfigurationError
from burnrate.console import Number, say
from burnrate.http_client import NoAnswer
from burnrate.pinned import find_repository
from burnrate.service.adding import check_new, removal
from burnrate.service.advice import about_added, about_removed
from burnrate.service.change import with_generated
from burnrate.service.errors import ServiceError
from burnrate.service.inventory import Inventory
from burnrate.service.listing import Row, rows, table
from burnrate.service.reaching import not_scraped, unreachable
from burnrate.service.running import Running, changed_and_loaded
from burnrate.service.sources import objectives, read_source
from burnrate.service.undoing import undone
from burnrate.service.wanted import SLO_FOLDER, Wanted, checked_name, pairs, target_address
from burnrate.slo.errors import SpecError
from burnrate.stack import Session, StackError, find_checkout

_PERCENT = Number(min=50, max=99.999)


@click.group(
    cls=CommandGroup, failures=[ServiceError, StackError, SpecError, ConfigurationError, NoAnswer]
)
def service() -> None:
    """Take a service into the stack: its objectives, its rules, and where it is scraped."""


@service.command()
@click.argument("name")
@click.option("--job", help="The scrape job that counts; by default NAME.")
@click.option("--target", "targets", multiple=True, help="HOST:PORT of its metrics; repeatable.")
@click.option("--source", default="burnrate", show_default=True, help="Who counts its requests.")
@click.option("--backend", help="How the proxy calls it, where that is not NAME.")
@click.option("--availability", type=_PERCENT, default=99.9, show_default=True, help="Per cent.")
@click.option("--latency", type=_PERCENT, default=99.0, show_default=True, help="Per cent.")
@click.option("--threshold", help="What of --latency is fast, such as 250ms.  [default: 250ms]")
@click.option("--no-latency", is_flag=True, help="No objective for latency.")
@click.option("--team", help="The label `team` of all its alerts.")
@click.option("--label", "labels", multiple=True, help="NAME=VALUE for all its alerts; repeatable.")
@click.option(
    "--identity",
    multiple=True,
    help="NAME=VALUE for each further label of burnrate.yml's identity.",
)
@click.option("--metrics-path", default="/metrics", show_default=True, help="Of the targets.")
@click.option("--scheme", type=click.Choice(["http", "https"]), default="http", help="The same.")
@click.option("--force", is_flag=True, help="Add it even if a target does not answer.")
def add(  # noqa: PLR0913 - one argument an option
    *,
    name: str,
    job: str | None,
    targets: tuple[str, ...],
    source: str,
    backend: str | None,
    availability: float,
    latency: float,
    threshold: str | None,
    no_latency: bool,
    team: str | None,
    labels: tuple[str, ...],
    identity: tuple[str, ...],
    metrics_path: str,
    scheme: str,
    force: bool,
) -> None:
    """Add the service NAME: specification, settings and scrape target; generate, and load them.

    All of it, or nothing where something is refused or a target does not answer.
    """
    with _alone() as session:
        checkout = session.containers.checkout
        counted_by = read_source(source, checkout / SLO_FOLDER)
        if counted_by.is_proxy and job is None:
            raise ServiceError(f"--source {source} counts at a proxy: say its scrape job by --job")
        told = objectives(counted_by, availability, None if no_latency else latency, threshold)
        wanted = Wanted(
            name=checked_name(name),
            job=job or name,
            source=source,
            objectives=told,
            targets=tuple(dict.fromkeys(map(target_address, targets))),
            reports_on=(job or name) if counted_by.is_proxy else name,
            identity=pairs(identity, "--identity"),
            labels={**({"team": team} if team else {}), **pairs(labels, "--label")},
            backend=backend,
            metrics_path=metrics_path,
            scheme=scheme,
        )
        there = Inventory.read(checkout)
        check_new(wanted, there, is_shared=counted_by.select is not None)
        files = with_generated(checkout, {**wanted.files()}, there.configuration)
        running = Running.find(session)
        if running is None or running.stack.mode == "processes":
            _answered(unreachable(wanted), is_forced=force)
        with changed_and_loaded(checkout, files, running):
            prometheus = running.prometheus() if running and wanted.targets else None
            if running is not None and prometheus is not None:
                with prometheus:
                    missing = not_scraped(prometheus, wanted, running.instances(wanted))
                _answered(missing, is_forced=force)
        for line in about_added(wanted, files, Inventory.read(checkout), running, there):
            say(line)


@service.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take the service NAME out: specification, settings, targets, and what is generated of it.

    What Prometheus has recorded of it stays until its retention ends.
    """
    with _alone() as session:
        checkout = session.containers.checkout
        there = Inventory.read(checkout)
        found = there.named(name)
        if len(found) != 1:
            known = ", ".join(each.title for each in found or there.services)
            what = "name one of" if found else f"there is no service {name}:"
            raise ServiceError(f"{what} {known}")
        files = with_generated(checkout, removal(there, found[0]), there.configuration)
        running = Running.find(session)
        with changed_and_loaded(checkout, files, running):
            pass
        for line in about_removed(found[0], files, running):
            say(line)


@service.command(name="list")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def list_services(*, is_json: bool) -> None:
    """List the services with their objectives, jobs and targets, and whether those are up."""
    folder = _folder()
    with _locked(folder) as is_locked:
        # Who is at it now ends it, or undoes it.
        if is_locked:
            _undo(folder)
    session = Session.open_current(say)
    found: list[Row] = rows(Inventory.read(session.containers.checkout), Running.find(session))
    if is_json:
        click.echo(json.dumps([row.as_json() for row in found], indent=2))
    else:
        click.echo(table(found))


def _answered(reasons: list[str], *, is_forced: bool) -> None:
    """Say, or refuse, what does not answer."""
    if reasons and not is_forced:
        raise ServiceError(
            f"{'; '.join(reasons)}; nothing is changed (--force adds it all the same)"
        )
    for reason in reasons:
        say(f"not yet: {reason}", err=True)


@contextmanager
def _alone() -> Iterator[Session]:
    """Keep other changes of services out for the block, after what one of them left half-done.

    Raises:
        ServiceError: another one is at it.
    """
    folder = _folder()
    with _locked(folder) as is_locked:
        if not is_locked:
            raise ServiceError("another burnrate service is at it: try again")
        _undo(folder)
        yield Session.open_current(say)


def _undo(folder: Path) -> None:
    if line := undone(folder):
        say(line, err=True)


def _folder() -> Path:
    """Return whose files are changed: a team's repository, or the checkout."""
    return find_repository(Path.cwd()) or find_checkout(Path.cwd())


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Try to keep other changes out for the block, and say whether that is so."""
    with (folder / "burnrate.yml").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
