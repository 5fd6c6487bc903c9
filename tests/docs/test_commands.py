"""Every command that a page names can be typed: programs, targets, subcommands, options, paths."""

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import click
import pytest

from bench.commands import bench
from burnrate.cli import command_line
from burnrate.stack import ENDPOINTS
from tests.docs.pages import Command, commands
from tests.servers.checkout import ROOT

_PAGES = [
    page
    for page in (
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "docs/adopting").glob("*.md")),
    )
    if page.name != "CHANGELOG.md"  # tells of what was there, too
]
_MAKEFILE = (ROOT / "Makefile").read_text()
_TARGETS = frozenset(re.findall(r"^([a-z-]+):(?!=)", _MAKEFILE, re.MULTILINE))
_VARIABLES = frozenset(re.findall(r"\$\((?:if |or )?\$?\(?([A-Z_]+)\b", _MAKEFILE))
# What a reader has, or installs with the parts.
_PROGRAMS = frozenset(
    {
        "amtool", "cat", "cd", "chmod", "cp", "curl", "docker", "du", "echo", "eval", "export",
        "git", "grep", "helm", "kubectl", "make", "mkdir", "pg_dump", "pg_restore", "pip", "psql",
        "python", "rm", "ssh", "tar", "umask", "uvicorn",
        ".venv/bin/python", "burnrate", ".venv/bin/burnrate",
    }
)  # fmt: skip
_PLACEHOLDER = re.compile(r"<.*>|[A-Z]+|path/to/.*")
_FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_SAID = re.compile(r"`((?:make|burnrate|\.venv/bin/burnrate) [^`\n]+)`")
_PORT = re.compile(r"127\.0\.0\.1:(\d+)")


def _simple(text: str) -> Iterator[list[str]]:
    """Return the commands of a line of a shell, each as its words."""
    # What stands in quotes is another shell's.
    outside = re.sub(r"'[^']*'", "quoted", text)
    plain = re.sub(r"\$\([^)]*\)", "printed", re.sub(r"(>>?|<)\s*\S+", "", outside))
    lexer = shlex.shlex(plain, posix=True, punctuation_chars="|&;()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    for is_between, words in groupby(lexer, lambda word: bool(word) and set(word) <= set("|&;()")):
        if not is_between:
            found = list(words)
            while found and re.fullmatch(r"[A-Z]+=.*", found[0]):
                found.pop(0)
            if found:
                yield found


def _check(words: list[str]) -> None:
    program, *arguments = words
    if program == "make":
        _check_make(arguments)
    elif program in {"burnrate", ".venv/bin/burnrate"}:
        _check_click(command_line, arguments)
    elif arguments[:2] == ["-m", "bench"]:
        _check_click(bench, arguments[2:])


def _check_make(words: list[str]) -> None:
    targets = [word for word in words if "=" not in word]
    assert [target for target in targets if target not in _TARGETS] == []
    names = [word.partition("=")[0] for word in words if "=" in word]
    assert [name for name in names if name not in _VARIABLES] == []


def _check_click(command: click.Command, arguments: list[str]) -> None:
    """Parse as the command itself would, and do nothing."""
    context = click.Context(command)
    while isinstance(command, click.Group):
        if not arguments or arguments[0] == "-h" or _PLACEHOLDER.fullmatch(arguments[0]):
            return
        name, *arguments = arguments
        found = command.get_command(context, name)
        assert found is not None, f"no command {name!r}"
        command = found
    command.make_context(command.name, list(arguments))


_TYPED = [command for page in _PAGES for command in commands(page)]
_MENTIONED = sorted(
    {(page, text) for page in _PAGES for text in _SAID.findall(_FENCED.sub("", page.read_text()))}
)


@pytest.mark.parametrize("command", _TYPED, ids=str)
def test_a_command_of_a_page_can_be_typed(command: Command) -> None:
    """Its program is a known one, and what of it is ours parses."""
    assert not re.search(r"<[^<>]+>", command.text), "a reader cannot type a placeholder"
    for words in _simple(command.text):
        assert words[0] in _PROGRAMS
        _check(words)


@pytest.mark.parametrize(
    ("page", "text"), _MENTIONED, ids=[f"{page.name}: {text}" for page, text in _MENTIONED]
)
def test_a_command_of_a_sentence_exists(page: Path, text: str) -> None:
    """With a word in capitals or brackets for what the reader puts in."""
    assert page.exists()
    for words in _simple(re.sub(r"<[^>]+>", "PART", text).replace("...", "")):
        # A sentence may name a command without what it needs.
        with suppress(click.MissingParameter):
            _check(words)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_an_address_of_a_page_is_a_port_of_the_stack(page: Path) -> None:
    """As a default."""
    known = {str(endpoint.default_port) for endpoint in ENDPOINTS}
    assert set(_PORT.findall(page.read_text())) <= known


@pytest.mark.parametrize(
    "text",
    [
        "make nothing",
        "make up MOOD=good",
        "burnrate stack fly",
        "burnrate load --speed 3",
        ".venv/bin/burnrate stack up --mode elsewhere",
        "python -m bench weather",
    ],
)
def test_a_command_that_does_not_exist_is_seen(text: str) -> None:
    """Target, variable, subcommand, option and choice."""
    (words,) = _simple(text)
    with pytest.raises((AssertionError, click.UsageError)):
        _check(words)


def test_pages_tell_only_what_is_so_of_the_package_index() -> None:
    """Until there is a release, no page tells readers to install from PyPI."""
    if "Nothing has been released yet" not in (ROOT / "CHANGELOG.md").read_text():
        return
    typed = [command for command in _TYPED if re.search(r"pip install burnrate", command.text)]
    assert typed == []


def test_quoted_messages_are_those_of_the_programs() -> None:
    """What troubleshooting.md lets readers search for is what they see."""
    page = " ".join((ROOT / "docs/troubleshooting.md").read_text().split())
    folders = [ROOT / "burnrate/stack", ROOT / "alerting/inbox", ROOT / "docker-compose.yml"]
    files = [p for folder in folders for p in (folder, *folder.rglob("*.py")) if p.is_file()]
    source = " ".join(" ".join(path.read_text().split()) for path in files)
    for message in (
        "is taken",
        "has no page here",
        "are of another checkout",
        "not installed: ",
        "no Docker engine answers",
        "is too old",
        "cannot pull or build",
        "was made by PostgreSQL",
        "is in a private directory",
        "not healthy: ",
        "the volume with the secrets is empty",
        "PostgreSQL is not stopped",
        "only the inbox's own page may do this",
        "not in INBOX_ALLOWED_HOSTS",
    ):
        assert message in page, message
        assert message in source, message
