"""`burnrate door ...`: the commands, their options and what they print."""

import click

from burnrate.cli import CommandGroup
from burnrate.console import say
from burnrate.stack import Session, Stack, StackError, Verb, login_links, login_of


@click.group(cls=CommandGroup, failures=[StackError])
def door() -> None:
    """Say who may come in at the door: inbox, Prometheus, Alertmanager and Grafana."""


@door.command()
@click.argument("name")
def add(name: str) -> None:
    """Let NAME come in; prints the link that logs a browser in for 30 days."""
    _change("add", name)
    _print_links(_stack(), name)


@door.command()
@click.argument("name")
def remove(name: str) -> None:
    """Let NAME come in no more: its link, its browsers and its token end at once."""
    _change("remove", name)


@door.command()
@click.argument("name", required=False)
def link(name: str | None) -> None:
    """Print the link that logs a browser in for 30 days: everybody's, or NAME's."""
    _print_links(_stack(), name)


@door.command()
@click.argument("name", required=False)
def login(name: str | None) -> None:
    """Print `name:token` of NAME, or of the first, as `curl -u` takes it."""
    click.echo(login_of(_stack(), name))


def _change(verb: Verb, name: str) -> None:
    _stack().change_people(verb, name)


def _print_links(stack: Stack, name: str | None) -> None:
    found = login_links(stack)
    if name is not None and name not in found:
        raise StackError(f"{name!r} is none of those who may come in: {', '.join(found)}")
    for each, url in found.items():
        if name in {None, each}:
            click.echo(url if name else f"{each} {url}")


def _stack() -> Stack:
    stack = Session.open(say).running_stack()
    if stack is None:
        raise StackError("the stack is not running: make up")
    return stack
