"""`burnrate stack ...`: the commands, their options and what they print."""

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import click

from burnrate.cli import CommandGroup
from burnrate.console import TIMEOUT, say, uninterrupted
from burnrate.pinned import RELEASED, is_repository
from burnrate.stack.addresses import PARTS
from burnrate.stack.entrances import Page, find_pages
from burnrate.stack.errors import StackError
from burnrate.stack.logins import login_links
from burnrate.stack.notified import find_told, told_line
from burnrate.stack.protocol import Stack, Verb
from burnrate.stack.render import has_login
from burnrate.stack.session import Session
from burnrate.stack.settings import read_settings
from burnrate.stack.setup import Setup, check_readable
from burnrate.stack.stack_record import Mode
from burnrate.stack.status import PartStatus, table

_WIPED = (
    "Delete all rows, metrics, traces, alerts and logs of this stack, in both ways to run, "
    "and the secrets of containers?"
)
_COLOURS = {"healthy": "green", "unhealthy": "red"}


def _complete(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    return [name for name in PARTS if name.startswith(begun)]


@click.group(cls=CommandGroup, failures=[StackError])
def stack() -> None:
    """Start, stop and inspect the whole stack, as containers or as plain processes."""


@stack.command()
@click.option("--mode", type=click.Choice(["containers", "processes"]), help="Force one way.")
@click.option("--foreground", is_flag=True, help="Follow the logs; Ctrl-C stops everything.")
@click.option("--timeout", type=TIMEOUT, help="Seconds each part may take to become healthy.")
def up(mode: str | None, timeout: float | None, *, foreground: bool) -> None:
    """Start everything and wait until it is healthy. Harmless if it is already running."""
    began = time.monotonic()
    session = Session.open_current(say)
    chosen = session.stack_to_start(cast("Mode | None", mode), timeout)
    chosen.up()
    if foreground:
        _stay(chosen, session, began)
    else:
        _announce(chosen, session, began)


@stack.command()
@click.option("--wipe", "is_wiped", is_flag=True, help="Delete the data and the logs as well.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
def down(*, is_wiped: bool, yes: bool) -> None:
    """Stop exactly what `up` started; data stays."""
    session = Session.open(say)
    if is_wiped and not yes:
        click.confirm(_WIPED, abort=True)
    running = session.running_stack()
    is_stopped = running is not None and running.down()
    say("stopped" if is_stopped else "nothing is running")
    if is_wiped:
        session.wipe()
        say("data and logs deleted")


@stack.command()
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def status(*, is_json: bool) -> None:
    """Show each part, its address and its health, and the pages that a browser can open.

    Exit code 0 when all that can run is healthy.
    """
    session = Session.open(say)
    running = session.running_stack()
    rows = (running or session.process_stack()).status()
    pages = find_pages(rows, session.settings) if running else []
    told = find_told(rows) if running else None
    if is_json:
        parts = [row.as_json() for row in rows]
        found = {"parts": parts, "pages": [page.as_json() for page in pages], "told": told}
        click.echo(json.dumps({"mode": running.mode if running else None, **found}, indent=2))
    else:
        if running is None:
            click.echo("not running: make up")
        click.echo(table(rows, _coloured))
        _say_pages(pages)
        _say_told(told, session)
    sys.exit(0 if running is not None and all(row.is_good for row in rows) else 1)


@stack.command(hidden=True)
# Whether it can be read is for check_readable, which says why not.
@click.argument("checkout", type=click.Path(path_type=Path, readable=False))
@click.argument("volumes", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("parts", nargs=-1)
@click.option(
    "--step",
    type=click.Choice(["all", "stage", "take", "put-back", "add", "remove"]),
    default="all",
    help="What of it to do, for a reload.",
)
def setup(checkout: Path, volumes: Path, parts: tuple[str, ...], step: str) -> None:
    """Write what CHECKOUT says into the mounted VOLUMES, as the service `setup`.

    The other steps are for a reload: `stage` prints as JSON what would change of each part. With
    `add` and `remove` the words after the folders are people of the door.
    """
    if is_repository(checkout):
        checkout /= RELEASED
    check_readable(checkout)
    made = Setup(checkout, volumes, read_settings(checkout / ".env"), say)
    if step == "stage":
        click.echo(json.dumps(made.stage(parts)))
    elif step == "take":
        made.take(parts)
    elif step == "put-back":
        made.put_back(parts)
    elif step in ("add", "remove"):
        for name in parts:
            made.change_people(cast("Verb", step), name)
    else:
        made.run()
        say("every volume is ready")


@stack.command()
@click.option("--with", "programs", multiple=True, help="Another program, for development.")
def install(programs: tuple[str, ...]) -> None:
    """Install the packages that plain processes need, without starting their services."""
    if not Session.open(say).install(programs, is_asked=True):
        say("everything is installed")


@stack.command()
@click.argument("part", shell_complete=_complete)
def start(part: str) -> None:
    """Start one part of the running stack."""
    _running_stack().start(part)


@stack.command()
@click.argument("part", shell_complete=_complete)
def stop(part: str) -> None:
    """Stop one part; it stays stopped until it is started."""
    _running_stack().stop(part)


@stack.command()
@click.argument("part", shell_complete=_complete)
def restart(part: str) -> None:
    """Restart one part with its configuration as it is now."""
    _running_stack(is_current=True).restart(part)


@stack.command()
@click.argument("part", required=False, shell_complete=_complete)
def reload(part: str | None) -> None:
    """Have all parts, or one, read their changed files: checked first, restarted only if need be.

    Exit code 1, with the reason and everything as it was, if one of them refuses.
    """
    _running_stack(is_current=True).reload(part)


@stack.command()
@click.argument("part", required=False, shell_complete=_complete)
@click.option("--follow", "-f", "is_followed", is_flag=True, help="Keep printing new lines.")
@click.option(
    "--lines",
    "-n",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="How many past lines to print.",
)
def logs(part: str | None, lines: int, *, is_followed: bool) -> None:
    """Print the logs of all parts or of one."""
    session = Session.open(say)
    # What stopped processes printed can still be read.
    shown = session.running_stack() or session.process_stack()
    shown.print_logs([part] if part else [], lines, is_followed=is_followed)


def _running_stack(*, is_current: bool = False) -> Stack:
    opened = Session.open_current(say) if is_current else Session.open(say)
    running = opened.running_stack()
    if running is None:
        raise StackError("the stack is not running: make up")
    return running


def _announce(started: Stack, session: Session, began: float) -> None:
    say(f"up as {started.mode} in {time.monotonic() - began:.0f} s")
    rows = started.status()
    _say_pages(find_pages(rows, session.settings))
    _say_login(started, session, rows)
    _say_told(find_told(rows), session)


def _say_pages(pages: Iterable[Page]) -> None:
    for page in pages:
        say(f"  {page.line()}")


def _say_login(started: Stack, session: Session, rows: Iterable[PartStatus]) -> None:
    is_open = any(row.part == "door" and row.is_good for row in rows)
    if is_open and has_login(session.settings):
        name, link = next(iter(login_links(started).items()))
        say(f"  open this once in each browser, it lets {name} in for 30 days:")
        say(f"  {link}")


def _say_told(told: list[str] | None, session: Session) -> None:
    if line := told_line(told, session.settings):
        say(f"  {line}")


def _stay(started: Stack, session: Session, began: float) -> None:
    try:
        _announce(started, session, began)
        started.print_logs([], 0, is_followed=True)
    finally:
        say("stopping")
        with uninterrupted(say):
            started.down()


def _coloured(text: str, health: str) -> str:
    colour = _COLOURS.get(health)
    return click.style(text, fg=colour) if colour else text
