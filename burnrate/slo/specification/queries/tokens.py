"""PromQL as a sequence of tokens, with Sloth's placeholder for a window as one of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# Go's templates trim what is beside a dash, and a dash needs a blank on its inner side.
_WINDOW: Final = r"\{\{(?:-\s+|\s*)\.window(?:\s+-|\s*)\}\}"
_KINDS: Final = {
    "window": _WINDOW,
    "template": r"\{\{",
    "comment": r"#[^\n]*",
    "text": r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`",
    "duration": r"(?:\d+(?:ms|[smhdwy]))+(?![A-Za-z0-9_])",
    "number": r"(?:0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![A-Za-z0-9_])",
    # In brackets a colon begins a subquery's steps.
    "steps": r":(?=(?:\d+(?:ms|[smhdwy]))*[ \t\r\n]*\])",
    "name": r"[A-Za-z_:][A-Za-z0-9_:]*",
    "sign": r"==|!=|=~|!~|<=|>=|[-+*/%^=<>(){}\[\],:@]",
    "space": r"[ \t\r\n]+",
}
# More than anybody writes, and few enough for every parser.
_LONGEST: Final = 10_000
_TOKEN: Final = re.compile("|".join(f"(?P<{kind}>{each})" for kind, each in _KINDS.items()))


class QueryProblem(ValueError):
    """What is wrong with a query.

    Attributes:
        reason: The reason.
        line: Where in the query, from 0.
    """

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


@dataclass(frozen=True)
class Token:
    """A piece of a query; `kind` is one of `window`, `text`, `duration`, `number`, `name`, `sign`.

    Attributes:
        line: Its line in the query, from 0.
        is_apart: Whether there is white space before it.
    """

    kind: str
    text: str
    line: int
    is_apart: bool


def tokens(query: str) -> list[Token]:
    """Return the tokens of a query, without white space.

    Raises:
        QueryProblem: it has a comment, another template than the window, or a character that
            PromQL does not have.
    """
    if len(query) > _LONGEST:
        raise QueryProblem(f"is longer than {_LONGEST} characters")
    return list(_tokens(query))


def joined(found: list[Token]) -> str:
    """Return the query on one line; only inside its texts white space stays as it is."""
    parts = [f"{' ' if each.is_apart else ''}{_plain(each)}" for each in found]
    return "".join(parts).strip()


def _tokens(query: str) -> Iterator[Token]:
    at, line, is_apart = 0, 0, False
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None:
            raise QueryProblem(_unknown(query[at]), line)
        kind, text = str(match.lastgroup), match[0]
        if kind == "comment":
            reason = "has a comment: it would end the rule there; write comments in YAML, above"
            raise QueryProblem(reason, line)
        if kind == "template":
            raise QueryProblem("has a template other than {{.window}}", line)
        if kind != "space":
            yield Token(kind, text, line, is_apart)
        is_apart = kind == "space"
        line += text.count("\n")
        at = match.end()


def _unknown(character: str) -> str:
    if character in "\"'`":
        return f"is not PromQL: a text that begins with {character} does not end"
    return f"is not PromQL: unexpected character {character!r}"


def _plain(token: Token) -> str:
    return "{{.window}}" if token.kind == "window" else token.text
