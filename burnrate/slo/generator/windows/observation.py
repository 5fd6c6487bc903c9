"""What a ledger is made of: what each instance exposes, without what was recorded before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from burnrate.slo.specification import Slo, Term, quote, selector

INSTANCE: Final = "job, instance"


@dataclass(frozen=True)
class Observed:
    """What a ledger is made of, as queries of what is scraped.

    Attributes:
        counts: What each instance has counted of each term.
        starts: When each instance's process started.
        series: How many series the SLO is counted from.
    """

    counts: Mapping[Term, str]
    starts: str
    series: str


def observed(slo: Slo) -> Observed:
    """Return what an SLO's ledger is made of."""
    terms = [*slo.terms("total"), *slo.terms("bad")]
    found = dict.fromkeys(_target("process_start_time_seconds", slo, each) for each in terms)
    return Observed(
        counts={each: _count(slo, each) for each in {each.name: each for each in terms}.values()},
        starts=f"max by ({INSTANCE}) ({' or '.join(found)})",
        series=f"count({' or '.join(each.selector.text for each in _added(slo))})",
    )


def _added(slo: Slo) -> list[Term]:
    # What is taken away is a part of these.
    return [each for each in slo.terms("total") if each.is_added]


def _count(slo: Slo, term: Term) -> str:
    # An instance that is there and has no such series has counted 0: its first event counts.
    up = _target("up", slo, term)
    return f"(sum by ({INSTANCE}) ({term.selector.text}) or 0 * (max by ({INSTANCE}) ({up}) == 1))"


def _target(name: str, slo: Slo, term: Term) -> str:
    names = frozenset({"job", "instance", *slo.identity} - {"service"})
    shown = [f'{m.label}{m.operator}"{quote(m.value)}"' for m in term.of_target(names)]
    if shown:
        return f"{name}{{{', '.join(shown)}}}"
    if slo.job:
        return name + selector({"job": slo.job})
    # Nobody says whose targets: those that have counted any event.
    series = " or ".join(each.selector.text for each in slo.terms("total"))
    return f"({name} and on ({INSTANCE}) ({series}))"
