"""What all our command lines have in common: colours, numbers, progress, and how one ends."""

import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn, TextIO

import click

# As shells tell a program that a signal ended: 128 and the signal's number.
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM

# Nobody waits longer than a day for a machine.
_LONGEST_SECONDS = 86_400


class Number(click.FloatRange):
    """A range of numbers that `nan`, which is in each of click's, is outside of."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401
        """Return the number; fails, naming the option, for what is none or outside the range."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


# A time that something may take.
TIMEOUT = Number(min=0, min_open=True, max=_LONGEST_SECONDS)


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived: what began is cleaned up as after Ctrl-C."""


def say(line: str, *, err: bool = False) -> None:
    """Print a line of progress; work goes on if nobody reads it any more.

    For commands that change something: half a stop because of `| head` would be worse than silence.
    """
    try:
        click.echo(line, err=err)
    except BrokenPipeError:
        # What is left in the buffer would fail again at the end.
        _discard(sys.stderr if err else sys.stdout)


def rewrite(text: str) -> None:
    """Write over the current line of a terminal, on stderr."""
    # Not a colour, so NO_COLOR does not take it away.
    click.echo(f"\r\033[K{text}", err=True, nl=False, color=True)


def is_terminal() -> bool:
    """Return whether stderr is a terminal that can rewrite a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def padded(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return rows of as many cells each, whose cells are as wide as the widest of their column."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]


@contextmanager
def uninterrupted(say: Callable[[str], None]) -> Iterator[None]:
    """Let neither Ctrl-C nor SIGTERM end the block; `say` is told that it goes on.

    For the end of what a start has begun: interrupted, the rest of it would run for ever. Only in a
    process' main thread, which gets the signals.
    """

    def explain(_number: int, _frame: FrameType | None) -> None:
        say("stopping what was started; please wait")

    before = {each: signal.signal(each, explain) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _discard(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def run(command: click.Command, name: str) -> NoReturn:
    """Run a command line called `name` and exit with its code.

    Ctrl-C and SIGTERM end it with 130 and 143, one line and no traceback; another SIGTERM disturbs
    nothing of that end. A reader who leaves (`| head`) ends it without a word. Colours are for
    terminals, and not with NO_COLOR (https://no-color.org).
    """
    signal.signal(signal.SIGTERM, _terminate)
    try:
        sys.exit(_exit_code(command, name))
    except KeyboardInterrupt as interrupt:
        # During the end of what another one had interrupted.
        sys.exit(_code_of(interrupt))


def _exit_code(command: click.Command, name: str) -> int:
    try:
        result = command.main(
            prog_name=name,
            standalone_mode=False,
            help_option_names=["-h", "--help"],
            color=_colour_choice(),
        )
    except click.Abort as abort:
        return _aborted(abort, name)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    # What click returns for `ctx.exit(code)`, and None for the end of a command.
    return result if isinstance(result, int) else 0


def _aborted(abort: click.Abort, name: str) -> int:
    # Of click's own, and of one that a question was answered with.
    interrupt = abort.__cause__ or abort.__context__
    if isinstance(interrupt, KeyboardInterrupt):
        code = _code_of(interrupt)
        say(f"{name}: {'interrupted' if code == INTERRUPTED else 'terminated'}", err=True)
        return code
    say("Aborted!", err=True)
    return 1


def _code_of(interrupt: KeyboardInterrupt) -> int:
    return TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED


def _colour_choice() -> bool | None:
    """Return False for no colours at all; None leaves them to what the output is."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    # `timeout` and supervisors send it twice: to the process and, at once, to its group. The second
    # would end the stopping of what was started before that has begun. Not SIG_IGN, which what is
    # run to stop it would inherit.
    signal.signal(number, lambda _number, _frame: None)
    raise Terminated
