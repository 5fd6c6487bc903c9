"""`burnrate notify ...`: the commands, their options and what they print."""

import secrets
import sys
from datetime import UTC, datetime
from urllib.parse import urlsplit

import click
import segno

from burnrate.cli import CommandGroup
from burnrate.console import TIMEOUT, say
from burnrate.http_client import HttpClient, NoAnswer
from burnrate.notify.env_file import set_variables
from burnrate.notify.errors import NotifyError
from burnrate.notify.trial import follow, kinds, send
from burnrate.stack import NOBODY, Session, StackError, alertmanager_of, chosen_receivers

_PART = "alertmanager"
_NTFY = "https://ntfy.sh"
# The first flush of a group comes after ten seconds, and a receiver may take some to answer.
_TRIAL_SECONDS = 40.0
# As many as a key of 128 bits has.
_TOPIC_BYTES = 16


@click.group(cls=CommandGroup, failures=[NotifyError, StackError, NoAnswer])
def notify() -> None:
    """Have alerts leave this machine, and see that they do."""


@notify.command()
@click.option("--server", default=_NTFY, show_default=True, help="The ntfy server.")
@click.option("--new", "is_new", is_flag=True, help="Draw another topic than the present one.")
def ntfy(server: str, *, is_new: bool) -> None:
    """Tell a phone, by ntfy: draw a topic, set it up, send a try, and show it as a QR code.

    Whoever knows the topic can read the alerts.
    """
    if urlsplit(server).scheme not in {"http", "https"}:
        raise NotifyError("--server: an http or https address is needed")
    session = Session.open_current(say)
    address = session.settings.get("NOTIFY_NTFY_URL")
    if address is None or is_new:
        topic = f"burnrate-{secrets.token_urlsafe(_TOPIC_BYTES)}"
        address = f"{server.rstrip('/')}/{topic}"
    named = [
        name for name in chosen_receivers(session.settings.get("NOTIFY", "")) if name != NOBODY
    ]
    chosen = ",".join(dict.fromkeys([*named, "ntfy"]))
    set_variables(session.containers.env_file, {"NOTIFY": chosen, "NOTIFY_NTFY_URL": address})
    click.echo(f"subscribe to {address}, in the app by this code:")
    segno.make(address, micro=False).terminal(sys.stdout, compact=True)
    session = Session.open_current(say)
    if (stack := session.running_stack()) is None:
        click.echo("it is in .env; it is told from the next start on: make up")
        return
    stack.reload(_PART)
    _try(session, _TRIAL_SECONDS)


@notify.command(name="test")
@click.option(
    "--timeout", type=TIMEOUT, default=_TRIAL_SECONDS, show_default=True, help="Seconds to wait."
)
@click.option("--team", default="", help="A team with receivers of its own: to these.")
def trial(timeout: float, team: str) -> None:
    """Send a page that nobody needs to every receiver; exit code 1 if one does not take it."""
    _try(Session.open_current(say), timeout, team)


def _try(session: Session, seconds: float, team: str = "") -> None:
    with _client(session) as alertmanager:
        wanted = kinds(alertmanager, team)
        before = alertmanager.samples()
        send(alertmanager, datetime.now(UTC), team)
        click.echo("a page is on its way; it ends by itself in five minutes, which is told as well")
        outcomes = follow(alertmanager, before, wanted, seconds)
    for outcome in outcomes:
        click.echo(f"  {outcome.line()}")
    if not all(outcome.is_delivered for outcome in outcomes):
        raise NotifyError("not every receiver took it: burnrate stack logs alertmanager")


def _client(session: Session) -> HttpClient:
    """Return a client of the running stack's Alertmanager.

    Raises:
        NotifyError: it does not run.
    """
    stack = session.running_stack()
    client = alertmanager_of(stack.status() if stack else [])
    if client is None:
        raise NotifyError("Alertmanager does not run: make up")
    return client
