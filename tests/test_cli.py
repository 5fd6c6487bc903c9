"""Commands end in one line where something fails as expected."""

import click
import pytest
from click.testing import CliRunner

from burnrate.cli import CommandError, CommandGroup, command_errors


class Failed(Exception):
    """A room's own exception, with the lines of a log."""

    log_tail = ("first", "last")


class Unforeseen(Exception):
    """A mistake in the program."""


def test_a_room_s_failure_is_a_line_and_the_log_that_shows_its_cause() -> None:
    """Nobody reads a stack trace to learn that a port is taken."""
    with pytest.raises(CommandError) as caught, command_errors(Failed):
        raise Failed("port 8000 is taken")
    assert (caught.value.message, caught.value.log_tail) == ("port 8000 is taken", Failed.log_tail)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FileNotFoundError(2, "No such file", "/x"), "/x: No such file"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
    ],
)
def test_what_the_system_refuses_is_a_line(error: OSError, line: str) -> None:
    """With the file it is about, where there is one."""
    with pytest.raises(CommandError) as caught, command_errors():
        raise error
    assert caught.value.message == line


@pytest.mark.parametrize("error", [Unforeseen("?"), OSError("not the system's")])
def test_a_mistake_is_no_expected_failure(error: Exception) -> None:
    """Its stack is needed."""
    with pytest.raises(type(error)) as caught, command_errors(Failed):
        raise error
    assert caught.value is error


def test_every_command_of_a_room_ends_so() -> None:
    """With exit code 1, the line on stderr."""

    @click.group(cls=CommandGroup, failures=[Failed])
    def room() -> None:
        """Do nothing."""

    @room.command()
    def fail() -> None:
        raise Failed("it broke")

    ended = CliRunner().invoke(room, ["fail"])
    assert ended.exit_code == 1
    assert ended.stderr.splitlines() == ["burnrate: it broke", "  | first", "  | last"]
