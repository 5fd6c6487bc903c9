"""Alloy's syntax, as far as configuration is written in it: blocks, attributes and expressions.

https://grafana.com/docs/alloy/latest/get-started/configuration-syntax/
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

T = TypeVar("T")
Kind = Literal["string", "number", "bool", "list", "map", "reference", "call", "sum"]
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r]+|//[^\n]*|/\*.*?\*/)
      | (?P<newline>\n)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<raw>`[^`]*`)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<mark>[][{}()=,.+])""",
    re.VERBOSE | re.DOTALL,
)


class AlloySyntaxError(Exception):
    """A text that is no Alloy configuration; says the line and what was expected there."""


@dataclass(frozen=True)
class Expression:
    """A value.

    Attributes:
        kind: What it is.
        text: Of a string what it says, of a reference or a call its dotted name.
        parts: A list's or a map's values, a call's arguments, a sum's terms.
        keys: A map's.
    """

    kind: Kind
    text: str = ""
    parts: tuple["Expression", ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Body:
    """What stands between two braces, or in a file."""

    attributes: dict[str, Expression] = field(default_factory=dict)
    blocks: list["Named"] = field(default_factory=list)


@dataclass(frozen=True)
class Named:
    """A block, a component among them, with its name and label."""

    name: str
    label: str
    body: Body


def read(text: str) -> Body:
    """Return what a file says.

    Raises:
        AlloySyntaxError: It is not written as Alloy wants it.
    """
    return _Reader(text).file()


def expressions(body: Body) -> Iterator[Expression]:
    """Yield all values, and what they consist of."""
    for value in body.attributes.values():
        yield from _within(value)
    for block in body.blocks:
        yield from expressions(block.body)


def _within(value: Expression) -> Iterator[Expression]:
    yield value
    for part in value.parts:
        yield from _within(part)


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def file(self) -> Body:
        body = self._body()
        self._take("end")
        return body

    def _body(self) -> Body:
        body = Body()
        while True:
            self._skip_newlines()
            if self._kind() != "name":
                return body
            name = self._dotted()
            if self._is("="):
                self._take("=")
                if name in body.attributes:
                    raise self._error(f"{name} once")
                body.attributes[name] = self._expression()
            else:
                body.blocks.append(self._block(name))
            # Each statement ends with its line; the last one of a block may end with the block.
            if not self._is("}") and self._kind() != "end":
                self._take("newline")

    def _block(self, name: str) -> Named:
        label = json.loads(self._take("string")) if self._kind() == "string" else ""
        self._take("{")
        body = self._body()
        self._take("}")
        return Named(name, label, body)

    def _expression(self) -> Expression:
        terms = [self._term()]
        while self._is("+"):
            self._take("+")
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else Expression("sum", parts=tuple(terms))

    def _term(self) -> Expression:
        literals: dict[str, tuple[Kind, Callable[[str], str]]] = {
            "string": ("string", json.loads),
            "raw": ("string", lambda text: text[1:-1]),
            "number": ("number", str),
        }
        if (token := self._kind()) in literals:
            kind, value = literals[token]
            return Expression(kind, value(self._take(token)))
        if self._is("["):
            return Expression("list", parts=tuple(self._items("[", "]", self._expression)))
        return self._map() if self._is("{") else self._named()

    def _named(self) -> Expression:
        name = self._dotted()
        if name in ("true", "false"):
            return Expression("bool", name)
        if self._is("("):
            return Expression("call", name, tuple(self._items("(", ")", self._expression)))
        return Expression("reference", name)

    def _map(self) -> Expression:
        def item() -> tuple[str, Expression]:
            name = self._take("string") if self._kind() == "string" else self._take("name")
            self._take("=")
            return name.strip('"'), self._expression()

        items = dict(self._items("{", "}", item))
        return Expression("map", parts=tuple(items.values()), keys=tuple(items))

    def _items(self, opening: str, closing: str, item: Callable[[], T]) -> list[T]:
        """Read what commas part; a line may end behind a comma, not before the closing mark."""
        self._take(opening)
        self._skip_newlines()
        found = []
        while not self._is(closing):
            found.append(item())
            if self._is(closing):
                break
            self._take(",")
            self._skip_newlines()
        self._take(closing)
        return found

    def _dotted(self) -> str:
        parts = [self._take("name")]
        while self._is("."):
            self._take(".")
            parts.append(self._take("name"))
        return ".".join(parts)

    def _skip_newlines(self) -> None:
        while self._kind() == "newline":
            self._at += 1

    def _kind(self) -> str:
        return self._tokens[self._at][0]

    def _is(self, mark: str) -> bool:
        return self._tokens[self._at][:2] == ("mark", mark)

    def _take(self, wanted: str) -> str:
        kind, text, _ = self._tokens[self._at]
        if wanted not in (kind, text):
            raise self._error(wanted)
        self._at += 1
        return text

    def _error(self, wanted: str) -> AlloySyntaxError:
        _, text, line = self._tokens[self._at]
        return AlloySyntaxError(f"line {line}: expected {wanted} and found {text!r}")


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        line = text.count("\n", 0, at) + 1
        if found is None:
            raise AlloySyntaxError(f"line {line}: {text[at]!r} stands in no configuration")
        if found.lastgroup != "space":
            yield str(found.lastgroup), found[0], line
        at = found.end()
    yield "end", "", text.count("\n") + 1
