"""The records of one SLO: events, ratios, the budget."""

from collections.abc import Sequence
from typing import Final

from burnrate.slo.generator.windows import (
    Rule,
    counting,
    events_name,
    period_name,
    ratio_name,
    rule,
)
from burnrate.slo.pace import paces
from burnrate.slo.specification import LatencySettings, Slo, number
from burnrate.slo.windows import M5, Tier, Window

# In events a second, less than any traffic: one event in some thirty thousand years.
_NO_EVENTS: Final = "1e-12"


def settings_records(slo: Slo) -> list[Rule]:
    """Return what never changes: objective, period, thresholds, factors."""
    made = [
        ("slo:error_budget:ratio", f"vector({number(slo.budget)})"),
        ("slo:error_budget_low:ratio", f"vector({number(slo.low_budget)})"),
        ("slo:time_period:days", f"vector({slo.period_days})"),
        *_threshold(slo),
    ]
    factors = [
        _of_tier(slo, tier, "slo:alert_burn_rate:factor", f"vector({number(slo.factor(tier))})")
        for tier in slo.tiers
    ]
    return [*factors, _objective(slo), *_rules(slo, made), *_reset(slo)]


def records(slo: Slo) -> list[Rule]:
    """Return what the fastest pages are judged by and what counts events, in their order."""
    urgent, _, _ = paces(slo)
    burn = [("slo:current_burn_rate:ratio", _burn(slo, ratio_name(M5)))]
    return [*counting(slo).base(slo), *window_records(slo, urgent.windows), *_rules(slo, burn)]


def window_records(slo: Slo, windows: Sequence[Window]) -> list[Rule]:
    """Return the events and the error ratio of windows, each record after those that it reads."""
    return _rules(slo, [pair for window in windows for pair in _window(slo, window)])


def ticket_records(slo: Slo) -> list[Rule]:
    """Return the windows of days and the period, each record after those that it reads."""
    _, _, late = paces(slo)
    period = slo.period
    ratio = f"slo:sli_error:ratio_rate{period}"
    total, bad = (period_name(kind, slo) for kind in ("total", "bad"))
    count = counting(slo)
    made = [
        (total, count.in_period(slo, "total")),
        (bad, count.in_period(slo, "bad")),
        (ratio, _ratio(slo, bad, total, count.full_period(slo))),
        ("slo:period_burn_rate:ratio", _burn(slo, ratio)),
        ("slo:period_error_budget_remaining:ratio", f"1 - {_burn(slo, ratio)}"),
    ]
    minimums = [
        _of_tier(slo, tier, "slo:alert_failures:minimum", failures_minimum(slo, tier))
        for tier in slo.tiers
    ]
    return [*minimums, *window_records(slo, late.windows), *_rules(slo, made)]


def failures_minimum(slo: Slo, tier: Tier, at_least: str = "") -> str:
    """Return the query of how many failures a tier's alert needs now.

    Args:
        slo: The SLO.
        tier: The tier, whose minimum is not constant if `at_least` is given.
        at_least: Below so many events a second the query has no value.
    """
    minimum = slo.minimum(tier)
    if minimum.is_constant:
        return f"vector({minimum.first})"
    rate = f"{events_name('total', tier.long)}{slo.selector}"
    events = f"{f'({rate} >= {at_least})' if at_least else rate} * {tier.long.seconds}"
    more = f"ceil(({events} - {minimum.until}) / {minimum.step})"
    return f"clamp({minimum.first} + {more}, {minimum.first}, {minimum.most})"


def _objective(slo: Slo) -> Rule:
    """Return the record by which pages know whose an SLO is."""
    team = slo.alert_labels.get("team")
    labels = {**slo.labels, **({"team": team} if team else {})}
    return rule(slo, "slo:objective:ratio", f"vector({number(slo.objective)})", labels)


def _rules(slo: Slo, made: list[tuple[str, str]]) -> list[Rule]:
    return [rule(slo, name, expr) for name, expr in made]


def _of_tier(slo: Slo, tier: Tier, name: str, expr: str) -> Rule:
    labels = {
        **slo.labels,
        "tier": tier.suffix,
        "severity": tier.severity,
        "long_window": tier.long.name,
        "short_window": tier.short.name,
    }
    return rule(slo, name, expr, labels)


def _threshold(slo: Slo) -> list[tuple[str, str]]:
    if slo.threshold_seconds is None:
        return []
    what = "latency" if isinstance(slo.settings, LatencySettings) else "pool_wait"
    return [(f"slo:{what}_threshold:seconds", f"vector({number(slo.threshold_seconds)})")]


def _reset(slo: Slo) -> list[Rule]:
    reset = slo.settings.reset
    if reset is None:
        return []
    labels = {**slo.labels, "reason": reset.reason}
    return [rule(slo, "slo:budget_reset:seconds", f"vector({reset.at.timestamp():.0f})", labels)]


def _burn(slo: Slo, ratio: str) -> str:
    return f"{ratio}{slo.selector} / {number(slo.budget)}"


def _window(slo: Slo, window: Window) -> list[tuple[str, str]]:
    total, bad = events_name("total", window), events_name("bad", window)
    return [
        (total, counting(slo).total(slo, window)),
        (bad, counting(slo).bad(slo, window)),
        (ratio_name(window), _ratio(slo, bad, total)),
    ]


def _ratio(slo: Slo, bad: str, total: str, full: str = "") -> str:
    # Without traffic the ratio is 0, where 0 / 0 would be NaN. More bad events than events at all
    # are 100 %: of what is known, everything is bad.
    bad, total = bad + slo.selector, total + slo.selector + full
    return f"clamp_max({bad} / clamp_min({total}, {_NO_EVENTS}), 1)"
