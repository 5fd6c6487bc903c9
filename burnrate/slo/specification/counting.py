"""The SLI of one SLO, as two queries that count events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from burnrate.slo.errors import SpecError
from burnrate.slo.specification.model import Counted
from burnrate.slo.specification.queries import Query, QueryProblem, checked
from burnrate.slo.specification.sloth import Events, SloSpec

# What Sloth's own plugins do, and what has it here.
_INSTEAD: Final = {
    "info_labels": "write its labels below `labels`",
    "rule_intervals": "leave it out: intervals follow from the windows",
    "denominator_corrected_rules": "leave it out: events are counted, not ratios averaged",
    "error_budget_exhausted_alert": "leave it out: budgets have alerts of their own",
    "validate_victoria_metrics": "leave it out, and write queries that Prometheus knows too",
    "debug": "leave it out",
    "noop": "leave it out",
    "core": "leave it out: that is what burnrate does itself",
}


@dataclass(frozen=True)
class Counting:
    """What is counted.

    Attributes:
        asked: The queries as the file has them, checked, by their paths below the SLO's.
        notes: What a reader should know about them.
    """

    events: Events
    counted: Counted
    asked: Mapping[str, str]
    notes: tuple[str, ...] = ()


def check_plugins(plugins: Mapping[str, object] | None, file: Path, path: str) -> None:
    """Refuse Sloth's plugins.

    Raises:
        SpecError: there are some.
    """
    if plugins is None:
        return
    chain = plugins.get("chain")
    first = chain[0] if isinstance(chain, list) and chain else None
    name = str(first.get("id")) if isinstance(first, dict) else "a chain"
    known = (what for part, what in _INSTEAD.items() if f"/{part}/" in name)
    what = next(known, "write what it does as queries and labels")
    raise SpecError(file, path, f"{name} is a plugin of Sloth's, code in Go: {what}")


def counting(slo: SloSpec, file: Path, path: str) -> Counting:
    """Return what an SLO counts.

    Raises:
        SpecError: it says nothing, several things, or what Prometheus would refuse.
    """
    sli = slo.sli
    if sli.plugin is not None:
        name = sli.plugin.get("id", "it")
        reason = f"{name} is a plugin of Sloth's, code in Go: write its queries below `events`"
        raise SpecError(file, f"{path}.sli.plugin", reason)
    if (sli.events is None) == (sli.raw is None):
        raise SpecError(file, f"{path}.sli", "needs either events or raw")
    if sli.events is not None:
        return _events(sli.events, file, path)
    assert sli.raw is not None  # noqa: S101 - one of both, as just checked
    return _ratio(sli.raw.error_ratio_query, file, path)


def _events(events: Events, file: Path, path: str) -> Counting:
    found = {
        f"sli.events.{field}": _checked(query, file, f"{path}.sli.events.{field}")
        for field, query in events
    }
    bad, total = found.values()
    if bad.text == total.text:
        raise SpecError(file, f"{path}.sli.events", "counts the same as bad events and as all")
    if bad.kind != total.kind:
        reason = "one query counts a second and the other a window: write rate in both"
        raise SpecError(file, f"{path}.sli.events", reason)
    for place, query in found.items():
        if query.kind == "level":
            reason = (
                "averages, where events are counted: write rate, increase or sum_over_time, or"
                " the part that is bad as `raw: {error_ratio_query: ...}`"
            )
            raise SpecError(file, f"{path}.{place}", reason)
    made = Events(error_query=bad.text, total_query=total.text)
    counted: Counted = "amount" if total.kind == "amount" else "rate"
    asked = {place: query.text for place, query in found.items()}
    return Counting(made, counted, asked, tuple(_notes(found)))


def _ratio(query: str, file: Path, path: str) -> Counting:
    """Return a ratio as time: each second counts, and the part of it that is bad."""
    place = "sli.raw.error_ratio_query"
    text = _checked(query, file, f"{path}.{place}").text
    # No value, as without traffic, is not measured. Of several series the worst counts.
    known = f"max(({text}) < Inf)"
    made = Events(error_query=f"clamp({known}, 0, 1)", total_query=f"{known} * 0 + 1")
    note = "an error ratio knows no events: its budget is of time, each second by its ratio"
    return Counting(made, "time", {place: text}, (note,))


def _checked(query: str, file: Path, path: str) -> Query:
    try:
        return checked(query)
    except QueryProblem as problem:
        raise SpecError(file, path, problem.reason, lines_below=problem.line) from problem


def _notes(found: Mapping[str, Query]) -> Iterator[str]:
    labels = sorted({label for query in found.values() for label in query.kept})
    if labels:
        yield f"series by {', '.join(labels)} are added up: this is one SLO of all of them"
    for place, query in found.items():
        if query.kind == "rate" and not query.is_proportional:
            name = place.rpartition(".")[2]
            yield f"{name} is not proportional to its rates: it is taken as written, not as events"
