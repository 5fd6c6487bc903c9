"""Series that a good and a bad event of an SLO move, found from its queries alone."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from typing import Final

from burnrate.promql import Matcher, Selector
from burnrate.slo.specification import Slo, Term, selector

# What labels of others mostly hold, for patterns that say little: `[^5]..`, `.+`.
_USUAL: Final = (
    "200", "500", "404", "302", "2xx", "5xx", "GET", "POST", "/", "/a", "a", "api", "ok", "error",
    "true", "false", "0", "1", "0.5", "OK", "Internal", "success", "failure",
)  # fmt: skip
# A difference of counters takes two.
_MOST_TOGETHER: Final = 3
_Events = tuple[list[str], list[str]]


def moves(slo: Slo, series: Sequence[dict[str, str]]) -> tuple[int, int]:
    """Return by how many events the total and the bad ones grow if each series grows by one."""
    total, bad = (
        sum(
            (1 if term.is_added else -1)
            for term in slo.terms(kind)
            for labels in series
            if term.selector.accepts(labels)
        )
        for kind in ("total", "bad")
    )
    return total, bad


def example_events(slo: Slo) -> _Events | None:
    """Return series that a good and that a bad event moves by one; None if none are found."""
    try:
        return _found(slo)
    except re.error:
        # Go knows patterns that Python does not.
        return None


def _found(slo: Slo) -> _Events | None:
    terms = [*slo.terms("total"), *slo.terms("bad")]
    candidates: list[dict[str, str]] = []
    for term in terms:
        for labels in _examples(term):
            if labels not in candidates:
                candidates.append(labels)
    good, bad = (_moving(slo, candidates, wanted) for wanted in ((1, 0), (1, 1)))
    return None if good is None or bad is None else (good, bad)


def _moving(
    slo: Slo, candidates: Sequence[dict[str, str]], wanted: tuple[int, int]
) -> list[str] | None:
    for count in range(1, _MOST_TOGETHER + 1):
        for series in combinations(candidates, count):
            if moves(slo, series) == wanted:
                return [_name(labels) for labels in series]
    return None


def _name(labels: dict[str, str]) -> str:
    own = {name: value for name, value in labels.items() if name != "__name__"}
    return labels["__name__"] + (selector(own) if own else "")


def _examples(term: Term) -> Iterator[dict[str, str]]:
    """Yield labels that a selector accepts; where a label is only ruled out, several of it."""
    names = sorted({each.label for each in term.selector.matchers})
    first: dict[str, str] = {}
    for name in names:
        value = next(_values(term.selector, name), None)
        if value is None:
            return
        if value:
            first[name] = value
    if "__name__" not in first:
        return
    yield first
    for name in names:
        for value in _values(term.selector, name):
            if value and name != "__name__":
                yield {**first, name: value}


def _values(chosen: Selector, label: str) -> Iterator[str]:
    matchers = chosen.of(label)
    said = [value for each in matchers for value in _said(each)]
    # A label that is there is more like what people have than one that is not.
    for value in dict.fromkeys([*said, *_USUAL, ""]):
        if all(each.accepts(value) for each in matchers):
            yield value


def _said(matcher: Matcher) -> Iterator[str]:
    if matcher.operator == "=":
        yield matcher.value
    elif matcher.operator == "=~":
        yield from _matched(matcher.value)


@cache
def _matched(pattern: str) -> tuple[str, ...]:
    """Return some texts that may match: each alternative with its wildcards filled."""
    inside = re.sub(r"^\^?\(?(?:\?:)?|\)?\$?$", "", pattern)
    made = []
    for each in (pattern, *re.split(r"\|", inside)):
        text = re.sub(r"\\d|\[0-9\]|\[\^[^\]]*\]", "1", each)
        text = re.sub(r"\[([^\]])[^\]]*\]", r"\1", text)
        text = re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)\.(?:[*+?]|\{\d+(?:,\d*)?\})?", "0", text))
        made.append(re.sub(r"[*+?()^$]|\{\d+(?:,\d*)?\}", "", text))
    return tuple(made)
