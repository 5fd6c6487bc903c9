"""Every command line behaves as people expect of one: found by walking the commands, not listed."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
import pytest
from click.testing import CliRunner

from bench.commands import bench
from burnrate import cli
from burnrate.console import INTERRUPTED, TERMINATED, Number, run, say, uninterrupted

_PROGRAM = Path(sys.prefix) / "bin/burnrate"
_ROOT = Path(__file__).parents[1]
_CODE = """
import os, signal, sys
import click
from burnrate.console import run, say, uninterrupted
"""

Found = tuple[str, click.Command]


def _walk(name: str, command: click.Command) -> Iterator[Found]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            yield from _walk(f"{name} {each}", found)


_COMMANDS = [*_walk("burnrate", cli.command_line), *_walk("bench", bench)]
_ROOTS = {"burnrate": cli.command_line, "bench": bench}
_NUMBERS = [
    pytest.param(command, option, id=f"{name} {option.opts[0]}")
    for name, command in _COMMANDS
    for option in command.params
    if isinstance(option.type, click.types.FloatParamType | click.types.IntParamType)
]


def _run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DOCKER_HOST": "unix:///nonexistent.sock", **variables}
    return subprocess.run(
        [str(_PROGRAM), *words],
        cwd=_ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@contextmanager
def _python(code: str) -> Iterator[tuple[subprocess.Popen[str], IO[str], IO[str]]]:
    """Run code that has a command line; yield the process, its stdout and its stderr."""
    with subprocess.Popen(
        [sys.executable, "-c", _CODE + code],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=_ROOT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        yield process, process.stdout, process.stderr


@pytest.mark.parametrize(("name", "command"), _COMMANDS)
def test_help_has_a_short_form(
    name: str,
    command: click.Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`-h` is what fingers type."""
    root, *words = name.split()
    # click remembers the help option of the first call, which another test may have made alone.
    monkeypatch.setattr(command, "_help_option", None, raising=False)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", [root, *words, "-h"])
    with pytest.raises(SystemExit) as ended:
        run(_ROOTS[root], root)
    assert ended.value.code == 0
    assert re.search(r"^  -h, --help ", capsys.readouterr().out, re.MULTILINE)
    assert command.help


@pytest.mark.parametrize(("command", "option"), _NUMBERS)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1", "1e999"])
def test_a_number_that_is_none_is_refused_by_its_option_s_name(
    command: click.Command, option: click.Option, value: str
) -> None:
    """Exit code 2, before anything starts: a negative time-out fails a start that was fine."""
    ended = CliRunner().invoke(command, [f"{option.opts[0]}={value}"])
    assert ended.exit_code == 2
    assert f"'{option.opts[0]}'" in ended.stderr


@pytest.mark.parametrize(("command", "option"), _NUMBERS)
def test_a_time_out_of_no_time_is_refused(command: click.Command, option: click.Option) -> None:
    """Other numbers may be zero where that means none of them."""
    if any(word in option.opts[0] for word in ("timeout", "duration", "rate", "services")):
        assert CliRunner().invoke(command, [f"{option.opts[0]}=0"]).exit_code == 2


@pytest.mark.parametrize(("name", "command"), _COMMANDS)
def test_every_option_says_what_it_does(name: str, command: click.Command) -> None:
    """In the help, and with numbers that are checked."""
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{name} {option.opts[0]}"
        assert not isinstance(option.type, click.types.FloatParamType) or isinstance(
            option.type, Number
        ), f"{name} {option.name}"


@pytest.mark.parametrize(
    "words", [["drill", "--list"], ["slo", "validate"], ["stack", "status"]]
)  # fmt: skip
def test_lists_and_reports_are_there_for_programs(words: list[str]) -> None:
    """One JSON document on stdout and nothing else."""
    done = _run(*words, "--json")
    assert done.stderr == ""
    assert json.loads(done.stdout)


@pytest.mark.parametrize("group", ["stack", "slo"])
def test_completion_knows_the_commands(group: str) -> None:
    """As docs/command-line.md says: click's own."""
    done = _run(_BURNRATE_COMPLETE="bash_complete", COMP_WORDS=f"burnrate {group} ", COMP_CWORD="2")
    expected = {
        name.split()[2]
        for name, command in _COMMANDS
        if name.startswith(f"burnrate {group} ") and not command.hidden
    }
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == expected


@pytest.mark.parametrize(
    ("words", "begun", "expected"),
    [("stack restart", "ngi", ["nginx", "nginx-exporter"]), ("drill", "log-", ["log-errors"])],
)
def test_completion_knows_parts_and_drills(words: str, begun: str, expected: list[str]) -> None:
    """Their names are long."""
    done = _run(
        _BURNRATE_COMPLETE="bash_complete",
        COMP_WORDS=f"burnrate {words} {begun}", COMP_CWORD=str(len(words.split()) + 1),
    )  # fmt: skip
    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == expected


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGINT, INTERRUPTED, "interrupted"),
        (signal.SIGTERM, TERMINATED, "terminated"),
    ],
)
def test_an_interrupt_is_told_by_the_exit_code(number: int, code: int, word: str) -> None:
    """130 and 143, as shells know them; one line, no traceback."""
    code_of_it = (
        "@click.command()\n"
        "def wait():\n"
        "    say('begun')\n"
        "    signal.pause()\n"
        "run(wait, 'waiting')\n"
    )
    with _python(code_of_it) as (process, out, err):
        assert out.readline() == "begun\n"
        process.send_signal(number)
        assert err.read().strip() == f"waiting: {word}"
        assert process.wait() == code


def test_a_second_sigterm_does_not_disturb_what_the_first_began() -> None:
    """`timeout` sends it to the process and to its group; the stopping goes on."""
    code = (
        "@click.command()\n"
        "def wait():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    finally:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        say('stopped')\n"
        "run(wait, 'waiting')\n"
    )
    with _python(code) as (process, out, err):
        assert out.read() == "stopped\n"
        assert err.read().strip() == "waiting: terminated"
        assert process.wait() == TERMINATED


def test_a_refusal_is_not_an_interrupt() -> None:
    """`no` to a question, or no answer at all, is exit code 1."""
    code = (
        "@click.command()\n"
        "def ask():\n"
        "    click.confirm('Really?', abort=True)\n"
        "run(ask, 'asking')\n"
    )
    with _python(code) as (process, _, err):
        assert err.read().splitlines()[-1] == "Aborted!"
        assert process.wait() == 1


def test_a_reader_who_leaves_ends_a_command_in_silence() -> None:
    """`| head`: no "Broken pipe", no traceback."""
    code = (
        "from burnrate.cli import CommandGroup\n"
        "@click.group(cls=CommandGroup)\n"
        "def room(): pass\n"
        "@room.command()\n"
        "def talk():\n"
        "    while True: click.echo('line')\n"
        "sys.argv = ['room', 'talk']\n"
        "run(room, 'room')\n"
    )
    with _python(code) as (process, out, err):
        assert out.readline() == "line\n"
        out.close()
        assert err.read() == ""
        assert process.wait() == 1


def test_work_goes_on_when_nobody_reads_its_progress() -> None:
    """Half a stop because of `| head` would be worse than silence."""
    code = (
        "@click.command()\n"
        "def work():\n"
        "    for n in range(10_000): say('line')\n"
        "    click.echo('done', err=True)\n"
        "run(work, 'working')\n"
    )
    with _python(code) as (process, out, err):
        out.close()
        assert err.read() == "done\n"
        assert process.wait() == 0


@pytest.mark.parametrize(
    ("variables", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_that_want_them(
    variables: dict[str, str], *, is_coloured: bool
) -> None:
    """no-color.org: any value but the empty one switches them off."""
    main, side = os.openpty()
    environment = {n: v for n, v in os.environ.items() if n != "NO_COLOR"} | {"TERM": "xterm"}
    subprocess.run(
        [sys.executable, "-c", _CODE + (
            "@click.command()\n"
            "def paint(): click.echo(click.style('red', fg='red'))\n"
            "run(paint, 'paint')\n"
        )],
        stdout=side, env=environment | variables, cwd=_ROOT, check=True,
    )  # fmt: skip
    os.close(side)
    assert (b"\033[31m" in os.read(main, 100)) == is_coloured
    os.close(main)


def test_say_prints_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout, or on stderr."""
    say("one")
    say("two", err=True)
    assert capsys.readouterr() == ("one\n", "two\n")


def test_the_end_of_a_failed_start_cannot_be_interrupted() -> None:
    """A second Ctrl-C says that it goes on; afterwards Ctrl-C is what it was."""
    lines: list[str] = []
    before = signal.getsignal(signal.SIGINT)
    with uninterrupted(lines.append):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    assert lines == ["stopping what was started; please wait"] * 2
    assert signal.getsignal(signal.SIGINT) is before
