"""Whether the series that an SLO reads are there, and why not."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from burnrate.promql import Matcher, Selector
from burnrate.slo.live.finding import Finding, Kind
from burnrate.slo.live.prometheus import Prometheus, named
from burnrate.slo.specification import Slo

_SHOWN: Final = 8
_PARTS: Final = re.compile(r"_(bucket|count|sum|total)$")
_UNITS: Final = (("_seconds", "_milliseconds"), ("_seconds", "_ms"), ("_seconds", ""))
# How exporters write statuses: codes, their classes, the first digit alone.
_STATUSES: Final = (
    (re.compile(r"[1-5]xx"), [f"{each}xx" for each in "12345"]),
    (re.compile(r"[1-5]\d\d"), [str(each) for each in range(100, 600)]),
    (re.compile(r"[1-5]"), list("12345")),
)


def missing(
    prometheus: Prometheus, slo: Slo, selector: Selector, *, may_come: bool
) -> list[Finding]:
    """Return why a selector finds nothing; none if it finds something, or may find it later.

    Args:
        prometheus: Where.
        slo: Whose selector it is.
        selector: Without the condition on `le`.
        may_come: Whether there may be none yet, as of failures.
    """
    if prometheus.count(selector):
        return list(_shadowed(prometheus, slo, selector))
    if not prometheus.count(named(selector.name)):
        return [_no_metric(prometheus, slo, selector)]
    found = list(_conditions(prometheus, slo, selector, may_come=may_come))
    if not found and not may_come:
        reason = "its conditions are met, but by no series all of them"
        found = [_finding(slo, "no-value", selector, reason, "Ask Prometheus with fewer of them.")]
    return found


def _shadowed(prometheus: Prometheus, slo: Slo, selector: Selector) -> Iterator[Finding]:
    """Yield conditions that leave nothing out, since the target's label hides the exporter's."""
    asked = {each.label for each in selector.matchers}
    for matcher in sorted(selector.matchers, key=str):
        hidden = f"exported_{matcher.label}"
        if not matcher.operator.startswith("!") or hidden in asked:
            continue
        values = prometheus.values(selector, hidden)
        # Relabelled back, both are the same.
        if values and values != prometheus.values(selector, matcher.label):
            reason = (
                f"{_text(matcher)} asks for a label of the target; what {selector.name} says stands"
                f" in {hidden}, such as {values[0]}"
            )
            yield _finding(slo, "renamed-label", selector, reason, _renamed(matcher.label))


def _no_metric(prometheus: Prometheus, slo: Slo, selector: Selector) -> Finding:
    name = selector.name
    base = _PARTS.sub("", name)
    if base != name and prometheus.is_native(base):
        return _finding(
            slo,
            "native-histogram",
            selector,
            f"{base} is a native histogram, which has no _bucket and no _count",
            "Let Prometheus keep the classic buckets too: `always_scrape_classic_histograms: true`"
            " (`scrape_classic_histograms` before 3.0) in its scrape job.",
        )
    names = prometheus.names()
    dotted = [each for each in names if "." in each and re.sub(r"\W", "_", each) in {name, base}]
    if dotted:
        return _finding(
            slo,
            "dotted-names",
            selector,
            f"OpenTelemetry's names kept their dots: {dotted[0]}",
            "Set `otlp: {translation_strategy: UnderscoreEscapingWithSuffixes}` in Prometheus.",
        )
    for ours, theirs in _both_ways():
        other = base.removesuffix(ours) + theirs if base.endswith(ours) else None
        suffix = name[len(base) :]
        if other and other != base and f"{other}{suffix}" in names:
            return _finding(
                slo,
                "unit",
                selector,
                f"there is no {name}, but {other}{suffix}",
                "Take its name, and its unit for the bounds: of milliseconds, 0.25 s is le=250.",
            )
    near = get_close_matches(name, names, n=3, cutoff=0.6)
    shown = f"; near are {', '.join(near)}" if near else ""
    return _finding(
        slo,
        "no-series",
        selector,
        f"Prometheus has had no {name} for an hour{shown}",
        "Write the name that the service exposes, or see that it is scraped.",
    )


def _both_ways() -> Iterator[tuple[str, str]]:
    for one, other in _UNITS:
        yield one, other
        if other:
            yield other, one


def _conditions(
    prometheus: Prometheus, slo: Slo, selector: Selector, *, may_come: bool
) -> Iterator[Finding]:
    name = selector.name
    for matcher in sorted(selector.matchers, key=str):
        if matcher.label in {"__name__", "le"} or prometheus.count(named(name, matcher)):
            continue
        values = prometheus.values(named(name), matcher.label)
        if not values:
            yield _no_label(prometheus, slo, selector, matcher)
        elif may_come and _may_come(matcher, values):
            continue
        else:
            shown = ", ".join(values[:_SHOWN]) + (", ..." if len(values) > _SHOWN else "")
            kind: Kind = "never-failed" if may_come else "no-value"
            reason = f"no {name} has {_text(matcher)}; {matcher.label} is {shown}"
            instead = f"Write a condition that one of {matcher.label}'s values meets."
            if prometheus.values(named(name), f"exported_{matcher.label}"):
                reason += f", and there is an exported_{matcher.label}"
                kind, instead = "renamed-label", _renamed(matcher.label)
            yield _finding(slo, kind, selector, reason, instead)


def _no_label(prometheus: Prometheus, slo: Slo, selector: Selector, matcher: Matcher) -> Finding:
    label, name = matcher.label, selector.name
    if prometheus.values(named(name), f"exported_{label}"):
        return _finding(
            slo,
            "renamed-label",
            selector,
            f"{name} has no {label}, but exported_{label}: the target has a label {label} too,"
            " and Prometheus renamed the exporter's",
            _renamed(label),
        )
    example = prometheus.query(f"topk(1, last_over_time({named(name).text}[1h]))")
    labels = sorted(set(example[0].labels) - {"__name__"}) if example else []
    reason = f"no {name} has the label {label}; there are {', '.join(labels)}"
    return _finding(slo, "no-label", selector, reason, "Write the label that it has.")


def _renamed(label: str) -> str:
    return (
        f"Copy exported_{label} back to {label} by metric relabelling, or write exported_{label},"
        " or `honor_labels: true` in the scrape job."
    )


def _may_come(matcher: Matcher, values: list[str]) -> bool:
    """Whether a condition may be met by a value like those that are there."""
    for pattern, likely in _STATUSES:
        if all(map(pattern.fullmatch, values)):
            return any(map(matcher.accepts, likely))
    return True


def _text(matcher: Matcher) -> str:
    return f'{matcher.label}{matcher.operator}"{matcher.value}"'


def _finding(slo: Slo, kind: Kind, selector: Selector, reason: str, instead: str) -> Finding:
    return Finding(slo.service, slo.name, kind, selector.text, reason, instead)
