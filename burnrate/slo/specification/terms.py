"""The counters that an event query adds up, if it is a sum of them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import promql_parser

from burnrate.promql import Matcher, QueryError, Selector, parse, selected

_COUNTING = frozenset({"rate", "increase"})


@dataclass(frozen=True)
class Term:
    """Counters whose events are added, or subtracted.

    Attributes:
        selector: Which series.
        is_added: Whether their events are added.
        query: All terms of its query.
    """

    selector: Selector
    is_added: bool = True
    query: str = ""

    @property
    def name(self) -> str:
        """A name that changes when its query selects other series.

        Then all of its counts start anew: a difference is nothing if one side begins at what it
        has and the other goes on.
        """
        digest = hashlib.sha256(f"{self.selector.text} of {self.query}".encode()).hexdigest()[:8]
        return f"{self.selector.name}-{digest}"

    def of_target(self, names: frozenset[str]) -> tuple[Matcher, ...]:
        """Return the conditions on labels that a target has, in alphabetical order."""
        found = (each for each in self.selector.matchers if each.label in names)
        return tuple(sorted(found, key=str))


def terms(query: str) -> tuple[Term, ...]:
    """Return the terms of a query, each once; empty if it is anything but sums and differences.

    Args:
        query: PromQL with its window filled in.
    """
    try:
        found = list(_terms(parse(query), is_added=True))
    except (_NotASumError, QueryError):
        return ()
    if len({each.selector for each in found}) < len(found):
        return ()
    text = " ".join(f"{'+' if each.is_added else '-'} {each.selector.text}" for each in found)
    return tuple(replace(each, query=text) for each in found)


class _NotASumError(Exception):
    """A part of a query is no sum of counters."""


def _terms(node: object, *, is_added: bool) -> Iterator[Term]:
    match node:
        case promql_parser.ParenExpr():
            yield from _terms(node.expr, is_added=is_added)
        case promql_parser.AggregateExpr() if str(node.op) == "sum" and node.modifier is None:
            yield from _terms(node.expr, is_added=is_added)
        # `or` always has a modifier, which says nothing where no labels are named.
        case promql_parser.BinaryExpr() if not str(node.modifier or "").strip():
            yield from _joined(node, is_added=is_added)
        case promql_parser.Call() if node.func.name in _COUNTING:
            yield Term(_selected(node.args[0]), is_added)
        case _:
            raise _NotASumError


def _joined(node: promql_parser.BinaryExpr, *, is_added: bool) -> Iterator[Term]:
    operator = str(node.op)
    if operator == "or" and str(node.rhs) == "vector(0)":
        yield from _terms(node.lhs, is_added=is_added)
    elif operator in {"+", "-"}:
        yield from _terms(node.lhs, is_added=is_added)
        yield from _terms(node.rhs, is_added=is_added == (operator == "+"))
    else:
        raise _NotASumError


def _selected(node: object) -> Selector:
    if not isinstance(node, promql_parser.MatrixSelector):
        raise _NotASumError
    vector = node.vector_selector
    if vector.offset is not None or vector.at is not None or vector.matchers.or_matchers:
        raise _NotASumError
    return selected(vector)
