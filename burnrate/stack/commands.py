"""`burnrate stack ...`: the commands, their options and what they print."""

import json
import sys
import time
from typing import Any, cast

import click

from burnrate.cli import CommandError
from burnrate.stack.errors import StackError
from burnrate.stack.logs import follow, last_lines
from burnrate.stack.records import Mode
from burnrate.stack.session import Session
from burnrate.stack.status import PartStatus, process_status, table
from burnrate.stack.wipe import wipe

_COLOURS = {"healthy": "green", "unhealthy": "red"}
# What people open, with the words they look for.
_ENTRANCES = {
    "nginx": "the service",
    "inbox": "alerts that arrived",
    "prometheus": "metrics and rules",
    "alertmanager": "alerts on their way",
    "grafana": "dashboards",
}


class _Group(click.Group):
    """Turns the room's failures into the command's."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        try:
            return super().invoke(ctx)
        except StackError as error:
            raise CommandError(str(error), log_tail=error.log_tail) from error
        except OSError as error:
            if error.strerror is None:
                raise
            name = f"{error.filename}: " if error.filename else ""
            raise CommandError(f"{name}{error.strerror}") from error


@click.group(cls=_Group)
def stack() -> None:
    """Start, stop and look at the whole stack, as containers or as plain processes."""


@stack.command()
@click.option("--mode", type=click.Choice(["containers", "processes"]), help="Force one way.")
@click.option("--foreground", is_flag=True, help="Follow the logs; Ctrl-C stops everything.")
@click.option("--timeout", type=float, help="Seconds each part may take to become healthy.")
def up(mode: str | None, timeout: float | None, *, foreground: bool) -> None:
    """Start everything and wait until it is healthy. Harmless when it runs already."""
    began = time.monotonic()
    session = Session.open(_say, is_first=True)
    chosen = session.choose_mode(cast("Mode | None", mode))
    session.prepare(chosen)
    session.note_data(chosen)
    if chosen == "containers":
        session.container_stack(timeout or 300.0).up()
    else:
        session.install()
        for missing in session.process_stack(timeout or 60.0).up().missing:
            if missing.is_worth_saying:
                _say(f"{missing.name} {missing.reason}")
    if foreground:
        _stay(session, chosen, began)
    else:
        _announce(session, chosen, began)


@stack.command()
@click.option("--wipe", "is_wiped", is_flag=True, help="Delete the data as well.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
def down(*, is_wiped: bool, yes: bool) -> None:
    """Stop exactly what `up` started; data stays."""
    session = Session.open(_say)
    if is_wiped and not yes:
        click.confirm("Delete all metrics, alerts, logs and rows of this stack?", abort=True)
    mode = session.running_mode()
    if mode == "containers":
        session.container_stack().down()
    elif mode is None or not session.process_stack().down():
        _say("nothing is running")
    if mode is not None:
        _say("stopped")
    if is_wiped:
        for layout in (session.containers, session.processes):
            wipe(layout, session.data_directories())
        _say("data deleted")


@stack.command()
@click.option("--json", "is_json", is_flag=True, help="For machines.")
def status(*, is_json: bool) -> None:
    """Show each part, its address and its health. Exit code 0 when all that can run is healthy."""
    session = Session.open(_say)
    mode = session.running_mode()
    rows = _rows(session, mode or "processes")
    if is_json:
        parts = [row.as_json() for row in rows]
        click.echo(json.dumps({"mode": mode, "parts": parts}, indent=2))
    else:
        if mode is None:
            click.echo("not running: make up")
        click.echo(table(rows, _coloured))
    sys.exit(0 if mode is not None and all(row.is_good for row in rows) else 1)


@stack.command()
def init() -> None:
    """Write .env, the secrets and the data folders: all that a plain `docker compose up` needs."""
    session = Session.open(_say, is_first=True)
    session.prepare("containers")
    _say(f"ready: {session.containers.env_file} and {session.containers.state}")


@stack.command()
@click.option("--with", "programs", multiple=True, help="A further program, for development.")
def install(programs: tuple[str, ...]) -> None:
    """Install the packages that plain processes need, without starting their services."""
    if not Session.open(_say).install(programs):
        _say("everything is installed")


@stack.command()
@click.argument("part")
def start(part: str) -> None:
    """Start one part of the running stack."""
    _change("start", part)


@stack.command()
@click.argument("part")
def stop(part: str) -> None:
    """Stop one part; it stays stopped until it is started."""
    _change("stop", part)


@stack.command()
@click.argument("part")
def restart(part: str) -> None:
    """Restart one part with its configuration as it is now."""
    _change("restart", part)


@stack.command()
@click.argument("part", required=False)
@click.option("--follow", "-f", "is_followed", is_flag=True, help="Go on with new lines.")
@click.option("--lines", "-n", default=100, show_default=True, help="How many old lines.")
def logs(part: str | None, lines: int, *, is_followed: bool) -> None:
    """Print what the parts, or one of them, printed."""
    session = Session.open(_say)
    if session.running_mode() == "containers":
        session.container_stack().logs([part] if part else [], lines, is_followed=is_followed)
        return
    parts = [part] if part else list(session.compose.services)
    paths = {name: session.processes.log(name) for name in parts}
    if part and not paths[part].exists():
        raise StackError(f"no log of {part!r}: {paths[part]} does not exist")
    for name, path in paths.items():
        for line in last_lines(path, lines):
            _print_line(name, line)
    if is_followed:
        follow(paths, _print_line)


def _change(verb: str, part: str) -> None:
    session = Session.open(_say)
    if session.running_mode() == "containers":
        session.container_stack().change(verb, part)
        return
    processes = session.process_stack()
    {"start": processes.start, "stop": processes.stop, "restart": processes.restart}[verb](part)


def _rows(session: Session, mode: Mode) -> list[PartStatus]:
    if mode == "containers":
        return session.container_stack().status(session.compose.services)
    return process_status(session.process_stack())


def _announce(session: Session, mode: Mode, began: float) -> None:
    _say(f"up as {mode} in {time.monotonic() - began:.0f} s")
    for row in _rows(session, mode):
        if row.can_run and row.part in _ENTRANCES:
            _say(f"  http://{row.address}  {_ENTRANCES[row.part]}")


def _stay(session: Session, mode: Mode, began: float) -> None:
    try:
        _announce(session, mode, began)
        if mode == "containers":
            session.container_stack().logs([], 0, is_followed=True)
        else:
            parts = session.compose.services
            follow({name: session.processes.log(name) for name in parts}, _print_line)
    except KeyboardInterrupt:
        _say("stopping")
    finally:
        if mode == "containers":
            session.container_stack().down()
        else:
            session.process_stack().down()


def _coloured(text: str, health: str) -> str:
    colour = _COLOURS.get(health)
    return click.style(text, fg=colour) if colour else text


def _say(line: str) -> None:
    click.echo(line)


def _print_line(part: str, line: str) -> None:
    click.echo(f"{part:<17} | {line}")
