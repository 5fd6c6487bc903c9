"""The command `burnrate`. Each subcommand's code is in its room and is imported when it is used."""

import signal
import sys
import textwrap
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import FrameType
from typing import IO, Any, NoReturn

import click

# Name -> where the command is, and its line in the help: `burnrate --help` imports none of them.
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "drill": ("burnrate.drill.commands:drill", "Break the stack on purpose and see its alert."),
    "load": ("burnrate.load.commands:load", "Give the running stack a steady mix of requests."),
    "slo": ("burnrate.slo.commands:slo", "Make rules and their tests from the SLO files."),
    "stack": ("burnrate.stack.commands:stack", "Start, stop and look at the whole stack."),
}

# A JSON line with a stack in it has thousands; its beginning tells what happened.
_TAIL_COLUMNS = 300


class CommandError(click.ClickException):
    """A failure of a command: one line on stderr, lines of a log that show the cause, exit 1."""

    def __init__(self, message: str, *, log_tail: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.log_tail = tuple(log_tail)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it."""
        target = file or sys.stderr
        click.echo(f"burnrate: {self.message}", file=target)
        for line in self.log_tail:
            click.echo(f"  | {textwrap.shorten(line, _TAIL_COLUMNS)}", file=target)


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{name} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in sorted(_COMMANDS.items())])


@click.command(cls=_LazyGroup)
@click.version_option(package_name="burnrate")
def _burnrate() -> None:
    """An SLO-first observability stack for FastAPI services."""


def main() -> None:
    """Run `burnrate`."""
    run(_burnrate, "burnrate")


def run(command: click.Command, name: str) -> None:
    """Run a command line called `name` and exit; a SIGTERM ends it as Ctrl-C does, tidily."""
    signal.signal(signal.SIGTERM, _interrupt)
    command(prog_name=name)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
