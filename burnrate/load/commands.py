"""`burnrate load`."""

import json
import secrets
import sys
import time

import click

from burnrate.cli import CommandError, command_errors
from burnrate.console import Number, is_terminal, rewrite, say
from burnrate.load.background import BackgroundLoad
from burnrate.load.dataset import Dataset
from burnrate.load.engine import Engine, LoadFailed
from burnrate.load.mix import REALISTIC, Mix
from burnrate.load.stats import Stats
from burnrate.stack import LOOPBACK, Session, StackError

# A look at dashboards needs no more, and the service's rate limit for one client is 1,000.
_HIGHEST_RATE = 500.0
_PROGRESS_SECONDS = 1.0
# Not to a terminal: a line now and then is enough for a log.
_LOGGED_PROGRESS_SECONDS = 10.0


@click.command()
@click.option(
    "--rate",
    type=Number(0.1, _HIGHEST_RATE),
    default=20.0,
    show_default=True,
    help="Requests a second.",
)
@click.option("--duration", type=Number(min=1), help="Seconds; by default until Ctrl-C.")
@click.option(
    "--feeds",
    type=click.IntRange(0, 50),
    default=2,
    show_default=True,
    help="WebSockets kept open on /feed.",
)
@click.option("--json", "is_json", is_flag=True, help="Print the result as JSON.")
def load(rate: float, duration: float | None, feeds: int, *, is_json: bool) -> None:
    """Send the running stack a steady, realistic mix of requests on all routes.

    At the end it deletes what it created, after Ctrl-C too.
    """
    engine = Engine(service_url(), rate, Mix(REALISTIC), Dataset(secrets.token_hex(4)), feeds)
    click.echo(f"{rate:g} requests/s to {engine.url}; Ctrl-C ends it", err=True)
    interrupt: KeyboardInterrupt | None = None
    with command_errors(LoadFailed), BackgroundLoad(engine) as running:
        try:
            _show_progress(running, duration)
        except KeyboardInterrupt as error:
            interrupt = error
            say("\nstopping and cleaning up", err=True)
    _show_result(engine.stats, is_json=is_json)
    if interrupt is not None:
        raise interrupt
    sys.exit(0 if engine.stats.succeeded else 1)


def service_url() -> str:
    """Return the running stack's entrance, without a slash at the end.

    Raises:
        CommandError: no stack runs.
    """
    with command_errors(StackError):
        session = Session.open(click.echo)
    if session.running_mode() is None:
        raise CommandError("the stack is not running: make up")
    return f"http://{LOOPBACK}:{session.addresses.port('nginx')}"


def _show_progress(running: BackgroundLoad, duration: float | None) -> None:
    began = time.monotonic()
    is_live = is_terminal()
    every = _PROGRESS_SECONDS if is_live else _LOGGED_PROGRESS_SECONDS
    done = running.stats.done
    while duration is None or time.monotonic() - began < duration:
        left = every if duration is None else began + duration - time.monotonic()
        time.sleep(max(0.0, min(every, left)))
        running.check()
        line = progress_line(running.stats, time.monotonic() - began, running.stats.done - done)
        done = running.stats.done
        if is_live:
            rewrite(line)
        else:
            say(line, err=True)
    if is_live:
        say("", err=True)


def _show_result(stats: Stats, *, is_json: bool) -> None:
    if is_json:
        click.echo(json.dumps(stats.as_json(), indent=2))
    else:
        click.echo(f"{stats.sent} requests: {stats.line()}")


def progress_line(stats: Stats, elapsed_seconds: float, done: int) -> str:
    """Return how far the run is; `done` requests ended since the line before."""
    minutes, seconds = divmod(int(elapsed_seconds), 60)
    return f"{minutes:02}:{seconds:02}  +{done}  {stats.line()}"
