"""A query of a specification, checked: PromQL over a window that the placeholder stands for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import promql_parser

from burnrate.promql import QueryError, parse, walk
from burnrate.slo.specification.queries.portable import check_tokens, check_tree
from burnrate.slo.specification.queries.proportion import is_proportional
from burnrate.slo.specification.queries.tokens import QueryProblem, Token, joined, tokens

# What a query gives: events a second, events of the window, or a level such as an average.
Kind = Literal["rate", "amount", "level"]

PLACEHOLDER: Final = "{{.window}}"
# Stands for the placeholder while a query is parsed: a window that nobody writes by hand.
_SECONDS: Final = 86_413
_EXAMPLE: Final = f"{_SECONDS}s"
_RATES: Final = frozenset({"rate"})
# These see two samples or draw a line through all: they count nothing.
_NO_COUNTS: Final = frozenset({"irate", "idelta", "deriv", "predict_linear"})
_AMOUNTS: Final = frozenset(
    {"increase", "delta", "sum_over_time", "count_over_time", "changes", "resets"}
)
# With these a query is proportional to the increases in it: rates can stand for them.
_LINEAR: Final = frozenset({"+", "-", "or"})


@dataclass(frozen=True)
class Query:
    """A query on one line, with `{{.window}}` for each window.

    Attributes:
        kept: The labels that its result has, if it says so by `by`.
        is_proportional: Whether its value is proportional to the rates in it.
    """

    text: str
    kind: Kind
    kept: tuple[str, ...] = ()
    is_proportional: bool = True


def checked(text: str) -> Query:
    """Return a query that each Prometheus from 2.42 on accepts.

    `increase` becomes `rate` where that is the same number of events a second.

    Raises:
        QueryProblem: it is refused, and why.
    """
    found = tokens(text)
    check_tokens(found)
    if not any(each.kind == "window" for each in found):
        _refuse_without_window(found)
    node = _parsed(found)
    check_tree(node)
    _check_windows(node, found)
    if not _is_vector(node):
        raise QueryProblem("gives a number or a range, where a value for each series is needed")
    counted = _counted(node)
    if counted == {"increase"} and _is_linear(node):
        found = [_as_rate(each) for each in found]
        counted = {"rate"}
    return Query(joined(found), _kind(counted), _kept(node), is_proportional(node))


def plain(text: str) -> Any:  # noqa: ANN401 - promql-parser's, as in burnrate.promql
    """Return the tree of a query without a window; None if it has one.

    Raises:
        QueryProblem: it is refused, and why.
    """
    found = tokens(text)
    if any(each.kind == "window" for each in found):
        return None
    check_tokens(found)
    node = _parsed(found)
    check_tree(node)
    return node


def _refuse_without_window(found: list[Token]) -> None:
    _parsed(found)
    by_hand = next((each for each in found if each.text == "["), None)
    if by_hand is None:
        raise QueryProblem("has no [{{.window}}]")
    reason = "has no [{{.window}}]: its window is written by hand, but records need several"
    raise QueryProblem(reason, by_hand.line)


def _parsed(found: list[Token]) -> Any:  # noqa: ANN401 - as `plain`
    try:
        return parse(joined(found).replace(PLACEHOLDER, _EXAMPLE))
    except QueryError as error:
        raise QueryProblem(f"is not PromQL: {error}", _guessed_line(found)) from error


def _guessed_line(found: list[Token]) -> int:
    """Return the line of the bracket that does not close, else the first one."""
    opened: list[Token] = []
    pairs = {")": "(", "]": "[", "}": "{"}
    for each in found:
        if each.text in pairs.values():
            opened.append(each)
        elif each.text in pairs:
            if not opened or opened[-1].text != pairs[each.text]:
                return each.line
            opened.pop()
    return opened[-1].line if opened else 0


def _check_windows(node: Any, found: list[Token]) -> None:  # noqa: ANN401 - as `plain`
    ranges = [each.range.total_seconds() for each in walk(node) if hasattr(each, "range")]
    if ranges.count(_SECONDS) != sum(each.kind == "window" for each in found):
        raise QueryProblem("has a {{.window}} that is no range: it belongs into brackets")
    for seconds in _outer_ranges(node):
        if seconds != _SECONDS:
            reason = f"has a window written by hand, of {seconds:g} s, beside [{PLACEHOLDER}]"
            line = next((e.line for e in found if e.kind == "duration"), 0)
            raise QueryProblem(reason, line)


def _outer_ranges(node: Any) -> Iterator[float]:  # noqa: ANN401 - as `plain`
    """Yield the ranges that are not inside another: what is inside a subquery may be fixed."""
    if hasattr(node, "range"):
        yield node.range.total_seconds()
        return
    for below in _below(node):
        yield from _outer_ranges(below)


def _counted(node: Any) -> set[str]:  # noqa: ANN401 - as `plain`
    """Return the functions that are applied to the window, from outside the first ones."""
    if isinstance(node, promql_parser.Call) and any(_is_range(each) for each in node.args):
        return {node.func.name}
    return {name for below in _below(node) for name in _counted(below)}


def _is_range(node: Any) -> bool:  # noqa: ANN401 - as `plain`
    while isinstance(node, promql_parser.ParenExpr):
        node = node.expr
    return hasattr(node, "range")


def _below(node: Any) -> Iterator[Any]:  # noqa: ANN401 - as `plain`
    for name in ("lhs", "rhs", "expr"):
        if (below := getattr(node, name, None)) is not None:
            yield below
    yield from getattr(node, "args", ())


def _kind(counted: set[str]) -> Kind:
    if found := sorted(counted & _NO_COUNTS):
        raise QueryProblem(f"uses {found[0]}(), which counts no events: write rate()")
    if counted <= _RATES:
        return "rate"
    if counted <= _AMOUNTS:
        return "amount"
    if counted & _RATES and counted & _AMOUNTS:
        names = " and ".join(sorted(counted))
        raise QueryProblem(f"mixes {names}: events a second and events of a window")
    return "level"


def _is_linear(node: Any) -> bool:  # noqa: ANN401 - as `plain`
    match node:
        case promql_parser.Call():
            if node.func.name in {"vector", "increase"}:
                return node.func.name == "increase" or _is_zero(node.args[0])
            is_kept = node.func.name == "clamp_min" and _is_zero(node.args[1])
            return is_kept and _is_linear(node.args[0])
        case promql_parser.BinaryExpr():
            return str(node.op) in _LINEAR and _is_linear(node.lhs) and _is_linear(node.rhs)
        case promql_parser.AggregateExpr():
            return str(node.op) == "sum" and _is_linear(node.expr)
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            return _is_linear(node.expr)
        case _:
            return False


def _is_zero(node: Any) -> bool:  # noqa: ANN401 - as `plain`
    return isinstance(node, promql_parser.NumberLiteral) and node.val == 0


def _as_rate(token: Token) -> Token:
    if token.kind == "name" and token.text == "increase":
        return Token("name", "rate", token.line, token.is_apart)
    return token


def _is_vector(node: Any) -> bool:  # noqa: ANN401 - as `plain`
    match node:
        case promql_parser.Call():
            return node.func.name not in {"scalar", "time", "pi"}
        case promql_parser.BinaryExpr():
            return _is_vector(node.lhs) or _is_vector(node.rhs)
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            return _is_vector(node.expr)
        case promql_parser.AggregateExpr() | promql_parser.VectorSelector():
            return True
        case _:
            return False


def _kept(node: Any) -> tuple[str, ...]:  # noqa: ANN401 - as `plain`
    while isinstance(node, promql_parser.ParenExpr):
        node = node.expr
    kept = getattr(node, "modifier", None)
    if isinstance(node, promql_parser.AggregateExpr) and kept and "By" in str(kept.type):
        return tuple(kept.labels)
    return ()
