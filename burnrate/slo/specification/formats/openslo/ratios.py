"""Sloth's queries, made from OpenSLO's metrics and its ways of counting a budget."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import promql_parser

from burnrate.promql import selected
from burnrate.slo.specification.formats.openslo.shapes import Method
from burnrate.slo.specification.formats.yaml_documents import Document
from burnrate.slo.specification.queries import PLACEHOLDER, QueryProblem, checked, plain

_RANGE: Final = f"[{PLACEHOLDER}]"


@dataclass(frozen=True)
class Asked:
    """A query, and its path in the document for what is wrong with it."""

    text: str
    path: str


@dataclass(frozen=True)
class Ratio:
    """What an objective measures.

    Attributes:
        asked: The queries that there are, of `good`, `bad`, `total` and `raw`.
        is_failure: Whether `raw` is the part of bad events.
        is_counter: Whether queries without a window select counters; None if it is not said.
        path: Its path in the document.
    """

    document: Document
    path: str
    asked: Mapping[str, Asked | None]
    is_failure: bool = False
    is_counter: bool | None = None

    def sli(self) -> dict[str, Any]:
        """Return Sloth's SLI of it where events count, whenever they come."""
        if (raw := self.asked["raw"]) is not None:
            ratio = self._averaged(raw)
            return _raw(ratio if self.is_failure else f"1 - ({ratio})")
        total = _one(self._events("total"))
        if self.asked["bad"] is not None:
            return _events(self._events("bad"), total)
        # No good event at all must not make an outage of everything invisible.
        return _events(f"{total} - ({_one(self._events('good'))} or vector(0))", total)

    def sliced(
        self, method: Method, slice_: str, target: str, *, is_strict: bool
    ) -> dict[str, Any]:
        """Return Sloth's SLI of it where slices of time count.

        Args:
            method: Timeslices or RatioTimeslices.
            slice_: The length of one, as a PromQL duration.
            target: The part of good events, 0 to 1, that makes a slice good.
            is_strict: Whether it must be exceeded.
        """
        # A slice without events is not measured: it is neither good nor bad.
        ratio = f"({self._good_ratio(slice_)} >= 0)"
        steps = f"[{PLACEHOLDER}:{slice_}]"
        if method == "RatioTimeslices":
            return _raw(f"1 - avg_over_time({ratio}{steps})")
        is_bad = f"({ratio} {'<=' if is_strict else '<'} bool {target})"
        return _events(f"sum_over_time({is_bad}{steps})", f"count_over_time({is_bad}{steps})")

    def _good_ratio(self, slice_: str) -> str:
        if (raw := self.asked["raw"]) is not None:
            ratio = f"avg({self._raw_text(raw).replace(PLACEHOLDER, slice_)})"
            return f"(1 - {ratio})" if self.is_failure else ratio
        total = _one(self._events("total"))
        if self.asked["bad"] is not None:
            bad = f"({_one(self._events('bad'))} or vector(0))"
            return f"(1 - {bad} / {total})".replace(PLACEHOLDER, slice_)
        good = f"({_one(self._events('good'))} or vector(0))"
        return f"({good} / {total})".replace(PLACEHOLDER, slice_)

    def _events(self, kind: str) -> str:
        if (asked := self.asked[kind]) is None:
            raise self.document.error(self.path, "needs total, and good or bad")
        try:
            node = plain(asked.text)
            return checked(asked.text).text if node is None else _rate(node, self.is_counter)
        except QueryProblem as problem:
            raise self.document.error(asked.path, problem.reason, problem.line) from problem

    def _averaged(self, asked: Asked) -> str:
        text = self._raw_text(asked)
        if PLACEHOLDER in text:
            return text
        return f"avg_over_time(({text})[{PLACEHOLDER}:1m])"

    def _raw_text(self, asked: Asked) -> str:
        try:
            node = plain(asked.text)
            return checked(asked.text).text if node is None else " ".join(asked.text.split())
        except QueryProblem as problem:
            raise self.document.error(asked.path, problem.reason, problem.line) from problem


def _rate(
    node: Any,  # noqa: ANN401 - promql-parser's
    is_counter: bool | None,
) -> str:
    if not is_counter:
        raise QueryProblem("has no [{{.window}}], and counter: true is not said")
    while isinstance(node, promql_parser.ParenExpr) or _is_sum(node):
        node = node.expr
    if not isinstance(node, promql_parser.VectorSelector) or node.offset or node.at:
        raise QueryProblem("has no [{{.window}}]: write sum(rate(METRIC[{{.window}}]))")
    return f"sum(rate({selected(node).text}{_RANGE}))"


def _is_sum(node: Any) -> bool:  # noqa: ANN401 - promql-parser's
    is_plain = isinstance(node, promql_parser.AggregateExpr) and node.modifier is None
    return is_plain and str(node.op) == "sum"


def _one(query: str) -> str:
    return f"sum({query})"


def _raw(query: str) -> dict[str, Any]:
    return {"raw": {"error_ratio_query": query}}


def _events(bad: str, total: str) -> dict[str, Any]:
    return {"events": {"error_query": bad, "total_query": total}}
