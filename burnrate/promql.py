"""PromQL, parsed: which series a query selects, and by which labels it is grouped."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import promql_parser

_OPERATORS: Final = {
    str(promql_parser.MatchOp.Equal): "=",
    str(promql_parser.MatchOp.NotEqual): "!=",
    str(promql_parser.MatchOp.Re): "=~",
    str(promql_parser.MatchOp.NotRe): "!~",
}

# Of a counter over a range.
_PER_SECOND: Final = frozenset({"rate", "increase"})
# A string in any of the three quotes; or a comment, in which a quote begins nothing.
_STRING: Final = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|\#[^\n]*""", re.DOTALL
)


class QueryError(ValueError):
    """A query that is not PromQL."""


@dataclass(frozen=True)
class Matcher:
    """One condition on a label; `operator` is =, !=, =~ or !~."""

    label: str
    operator: str
    value: str

    def accepts(self, value: str) -> bool:
        """Return whether a label of this value meets the condition."""
        is_same = (
            re.fullmatch(self.value, value) is not None
            if "~" in self.operator
            else value == self.value
        )
        return is_same != self.operator.startswith("!")


@dataclass(frozen=True)
class Selector:
    """Series that a query reads.

    Attributes:
        matchers: The conditions on labels; the metric's name is the one on `__name__`.
        grouped: The labels by which the query sums or joins them.
        range_seconds: How far back it reads, or None for the newest sample.
    """

    matchers: frozenset[Matcher]
    grouped: frozenset[str] = frozenset()
    range_seconds: float | None = None

    @property
    def name(self) -> str:
        """The metric's name, or the pattern of several; empty where the query has none."""
        return next((each.value for each in self.matchers if each.label == "__name__"), "")

    def of(self, label: str) -> list[Matcher]:
        """Return the conditions on a label."""
        return [each for each in self.matchers if each.label == label]

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """Return whether a series with these labels, `__name__` among them, is selected."""
        return all(each.accepts(labels.get(each.label, "")) for each in self.matchers)

    @property
    def text(self) -> str:
        """PromQL that selects the newest samples of these series."""
        named = [each for each in self.matchers if each.label == "__name__"]
        is_plain = [each.operator for each in named] == ["="]
        shown = sorted(self.matchers - set(named if is_plain else ()), key=str)
        inside = ", ".join(f'{m.label}{m.operator}"{_escaped(m.value)}"' for m in shown)
        return (self.name if is_plain else "") + (f"{{{inside}}}" if inside else "")

    def __str__(self) -> str:
        rest = sorted(f'{m.label}{m.operator}"{m.value}"' for m in self.matchers)
        shown = ", ".join(each for each in rest if not each.startswith("__name__"))
        return f"{self.name}{{{shown}}}" + (f" by {sorted(self.grouped)}" if self.grouped else "")


def selected(node: promql_parser.VectorSelector) -> Selector:
    """Return what a node of the tree selects."""
    return Selector(_matchers(node))


def selectors(query: str) -> set[Selector]:
    """Return the series that a query reads.

    Raises:
        QueryError: it is not PromQL.
    """
    return set(_selectors(parse(query), frozenset(), None))


def parse(query: str) -> Any:  # noqa: ANN401 - the library gives one of a dozen classes
    """Return promql-parser's tree of a query.

    Raises:
        QueryError: it is not PromQL.
    """
    try:
        return promql_parser.parse(query)
    except ValueError as error:
        raise QueryError(" ".join(str(error).split())) from error


def walk(node: Any) -> Iterator[Any]:  # noqa: ANN401 - as `parse`
    """Yield a node of promql-parser's tree and all nodes below it."""
    yield node
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        if (below := getattr(node, name, None)) is not None:
            yield from walk(below)
    for argument in getattr(node, "args", ()):
        yield from walk(argument)


def narrowed(query: str, matchers: str, is_meant: Callable[[str], bool]) -> str:
    """Return a query of which some selectors have further conditions.

    Args:
        query: PromQL.
        matchers: The conditions: `job="shop", namespace="blue"`.
        is_meant: Whether the selectors of a metric are meant, by its name.

    Raises:
        QueryError: it is not PromQL.
    """
    names = sorted({each.name for each in selectors(query) if is_meant(each.name)})
    if not names:
        return query
    named = "|".join(map(re.escape, names))
    wanted = re.compile(
        rf"{_STRING.pattern}|(?<![\w:])(?P<name>{named})(?![\w:(])(?P<brace>\s*\{{(?P<end>\}})?)?",
        re.DOTALL,
    )

    def more(found: re.Match[str]) -> str:
        if found["name"] is None:
            return found[0]
        if found["brace"] is None or found["end"] is not None:
            return f"{found['name']}{{{matchers}}}"
        return f"{found['name']}{{{matchers}, "

    return wanted.sub(more, query)


def counters(query: str) -> str:
    """Return a query with the counters themselves in the place of their rates.

    Raises:
        QueryError: it is not PromQL.
    """
    strings: list[str] = []

    def numbered(found: re.Match[str]) -> str:
        if found["string"] is None:
            return ""
        strings.append(found["string"])
        return f'"{len(strings) - 1}"'

    # The library writes strings without their escapes, so they keep out of its hands.
    tree = parse(_STRING.sub(numbered, query))
    text = str(tree)
    for node in walk(tree):
        if isinstance(node, promql_parser.Call) and node.func.name in _PER_SECOND:
            (counted,) = node.args
            text = text.replace(str(node), str(counted.vector_selector))
    return re.sub(r'"(\d+)"', lambda found: strings[int(found[1])], text)


def _selectors(
    node: Any,  # noqa: ANN401 - any node
    grouped: frozenset[str],
    seconds: float | None,
) -> Iterator[Selector]:
    match node:
        case promql_parser.VectorSelector():
            yield Selector(_matchers(node), grouped, seconds)
        case promql_parser.BinaryExpr():
            # One side of a join need not be grouped by labels that the other side adds.
            on = node.modifier and node.modifier.matching
            both = frozenset(on.labels) if on and "on" in str(on) else frozenset[str]()
            yield from _selectors(node.lhs, grouped | both, seconds)
            yield from _selectors(node.rhs, both, seconds)
        case promql_parser.AggregateExpr():
            kept = node.modifier
            by = kept.labels if kept and "By" in str(kept.type) else []
            # Above an aggregation only the labels that it keeps are seen.
            yield from _selectors(node.expr, frozenset(by), seconds)
        case promql_parser.Call():
            for each in node.args:
                yield from _selectors(each, grouped, seconds)
        case promql_parser.MatrixSelector():
            yield from _selectors(node.vector_selector, grouped, node.range.total_seconds())
        case promql_parser.SubqueryExpr() | promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            yield from _selectors(node.expr, grouped, seconds)
        case _:
            pass  # numbers and texts read nothing


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _matchers(node: promql_parser.VectorSelector) -> frozenset[Matcher]:
    found = {
        Matcher(each.name, _OPERATORS[str(each.op)], each.value) for each in node.matchers.matchers
    }
    if node.name:
        found.add(Matcher("__name__", "=", node.name))
    return frozenset(found)
