"""The command `burnrate`. Each subcommand's code is in its room and is imported when it is used."""

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any

import click

from burnrate.console import run

# By name, where a command is and its line of help: `burnrate --help` imports none of them.
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "door": (
        "burnrate.door.commands:door",
        "Say who may come in to inbox, Prometheus and the rest.",
    ),
    "drill": ("burnrate.drill.commands:drill", "Break the stack on purpose and watch its alert."),
    "export": (
        "burnrate.export.commands:export",
        "Write rules, dashboards and routes for a stack of your own.",
    ),
    "load": ("burnrate.load.commands:load", "Send the running stack a steady mix of requests."),
    "new": (
        "burnrate.team.commands:new",
        "Write a team's own repository, which pins this release.",
    ),
    "notify": ("burnrate.notify.commands:notify", "Have alerts leave this machine, and try it."),
    "service": ("burnrate.service.commands:service", "Take a service into the stack, or out."),
    "slo": ("burnrate.slo.commands:slo", "Generate rules and their tests from the SLO files."),
    "upgrade": (
        "burnrate.team.commands:upgrade",
        "Say what another release changes for a team.",
    ),
    "stack": ("burnrate.stack.commands:stack", "Start, stop and inspect the whole stack."),
}

# A JSON line with a stack trace has thousands; its beginning says what happened.
_TAIL_COLUMNS = 300


class CommandError(click.ClickException):
    """A failure of a command: one line on stderr, lines of a log that show the cause, exit 1."""

    def __init__(self, message: str, *, log_tail: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.log_tail = tuple(log_tail)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message and the log lines, by default to stderr."""
        target = file or sys.stderr
        click.echo(f"burnrate: {self.message}", file=target)
        for line in self.log_tail:
            click.echo(f"  | {textwrap.shorten(line, _TAIL_COLUMNS)}", file=target)


@contextmanager
def command_errors(*failures: type[Exception]) -> Iterator[None]:
    """Turn what goes wrong in the block into a command's failure.

    Args:
        failures: What a room raises for its user; `log_tail`, if one has it, is shown as well.

    Raises:
        CommandError: one of them was raised, or an OSError that says what is wrong with which file.
    """
    try:
        yield
    except failures as error:
        raise CommandError(str(error), log_tail=getattr(error, "log_tail", ())) from error
    except BrokenPipeError:
        # The reader has left, as `| head` does: nobody is to be told of it.
        raise
    except OSError as error:
        if error.strerror is None:
            raise
        name = f"{error.filename}: " if error.filename else ""
        raise CommandError(f"{name}{error.strerror}") from error


class CommandGroup(click.Group):
    """Commands whose `failures` are shown in one line, like those of `command_errors`."""

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401 - click's own
        failures: Sequence[type[Exception]] = (),
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*arguments, **options)
        self._failures = tuple(failures)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command, with its failures shown in one line."""
        with command_errors(*self._failures):
            return super().invoke(ctx)


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{name} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in sorted(_COMMANDS.items())])


@click.command(cls=_LazyGroup)
@click.version_option(package_name="burnrate")
def command_line() -> None:
    """An SLO-first observability stack for FastAPI services."""


def main() -> None:
    """Run the command line `burnrate` and exit with its code."""
    run(command_line, "burnrate")
