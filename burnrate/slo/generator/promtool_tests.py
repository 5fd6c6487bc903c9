"""Unit tests for promtool, for every tier of an SLO and every part of failures."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

from burnrate.slo.detection import FAILURE_PARTS, detection_seconds, reset_seconds
from burnrate.slo.generator.alerting import group_names
from burnrate.slo.generator.input_series import Stretch, input_series
from burnrate.slo.specification import Slo, number, selector
from burnrate.slo.windows import D1, D3, EVALUATION_SECONDS, H1, H2, H6, HOUR, Tier

# Enough that no part of failures is below the minimum of failures.
_EVENTS_A_SECOND: Final = 100
# How coarse time may be in a tier's tests: as Prometheus evaluates for the fast one, where seconds
# count; else a small part of what is measured, or a run would take minutes.
_STEPS: Final = {H1: EVALUATION_SECONDS, H2: 60, H6: 120, D1: 300, D3: 600}
# A range of five minutes needs more than one sample.
_COARSEST_SAMPLES: Final = 60
# What is not asserted before the earliest moment that is: rate() extrapolates at a window's ends.
_EARLY: Final = Fraction(85, 100)


@dataclass(frozen=True)
class _Course:
    """One course of events: healthy, failing, healthy; all in seconds.

    Attributes:
        step: From one evaluation to the next.
        began: When the failures begin.
        ended: When they end.
        until: When the test ends.
    """

    step: int
    samples: int
    began: int
    ended: int
    until: int


def test_files(slo: Slo, rules: str) -> dict[str, dict[str, Any]]:
    """Return the files of an SLO: one a tier, and the one in which nothing ever fires."""
    made = {
        tier.suffix.lower(): _file(
            slo,
            rules,
            _step(tier),
            [_failing(slo, tier, part) for part in FAILURE_PARTS],
        )
        for tier in slo.tiers
    }
    return {**made, "healthy": _file(slo, rules, 60, [_healthy(slo)])}


def _file(slo: Slo, rules: str, step: int, tests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "rule_files": [rules],
        "evaluation_interval": f"{step}s",
        # promtool evaluates every group at every step, and in any order unless it is told one.
        "group_eval_order": list(group_names(slo)),
        "tests": list(tests),
    }


def _step(tier: Tier) -> int:
    return _STEPS.get(tier.long, EVALUATION_SECONDS)


def _course(slo: Slo, tier: Tier, part: Fraction) -> _Course:
    step = _step(tier)
    detection = detection_seconds(slo, tier, part) or Fraction(0)
    # Failures last until the short window holds nothing else, as the arithmetic of the end wants.
    failing = _up(detection + tier.short.seconds + 2 * step, step)
    after = _up(Fraction(tier.short.seconds + 3 * step), step)
    began = 2 * tier.short.seconds
    samples = min(step, _COARSEST_SAMPLES)
    return _Course(step, samples, began, began + failing, began + failing + after)


def _stretches(slo: Slo, tier: Tier, part: Fraction, course: _Course) -> list[Stretch]:
    samples, short = course.samples, tier.short.seconds
    events = _EVENTS_A_SECOND * samples
    # At the moment of detection the long window holds as many events as with even traffic, but all
    # that was before the short window is squeezed into one more short window: days of waiting less,
    # the same arithmetic.
    detection = detection_seconds(slo, tier, part) or Fraction(0)
    crowd = max(Fraction(0), tier.long.seconds - short - detection) / short
    return [
        Stretch(short // samples, round(events * crowd)),
        Stretch(short // samples, events),
        Stretch((course.ended - course.began) // samples, events, part),
        Stretch((course.until - course.ended) // samples, events),
    ]


def _failing(slo: Slo, tier: Tier, part: Fraction) -> dict[str, Any]:
    course = _course(slo, tier, part)
    return {
        "name": f"{number(100 * part)} % failures: {tier.suffix} sees them and their end in time",
        "interval": f"{course.samples}s",
        "input_series": input_series(slo, _stretches(slo, tier, part, course)),
        "promql_expr_test": _checks(slo, tier, part, course),
    }


def _checks(slo: Slo, tier: Tier, part: Fraction, course: _Course) -> list[dict[str, Any]]:
    detection = detection_seconds(slo, tier, part)
    name, step = slo.alert_name(tier), course.step
    if detection is None:
        return [_check(slo, name, course.ended, is_firing=False)]
    slack, reset = 2 * step, reset_seconds(slo, tier, part)
    not_before = course.began + _down(detection * _EARLY - slack, step)
    still = course.ended + _down(reset * _EARLY - slack, step)
    return [
        _check(slo, name, max(not_before, course.began), is_firing=False),
        _check(slo, name, course.began + _down(detection + slack, step), is_firing=True),
        _check(slo, name, max(still, course.ended), is_firing=True),
        _check(slo, name, course.ended + _down(reset + slack, step), is_firing=False),
    ]


def _healthy(slo: Slo) -> dict[str, Any]:
    samples, hours, firing = _COARSEST_SAMPLES, 4, 'ALERTS{alertstate="firing"}'
    # A tenth of what the slowest tier would call too much.
    even = [Stretch(hours * HOUR // samples, _EVENTS_A_SECOND * samples, slo.budget / 10)]
    others = {name: value for name, value in slo.identity.items() if name != "service"}
    up = {
        "series": f"up{selector({'job': slo.job, **others})}",
        "values": f"1x{hours * HOUR // samples}",
    }
    return {
        "name": "a tenth of the budget's pace is silent",
        "interval": f"{samples}s",
        "input_series": [up, *input_series(slo, even)],
        "promql_expr_test": [
            {
                "expr": f"count(count_over_time({firing}[{hours}h])) or vector(0)",
                "eval_time": f"{hours}h",
                "exp_samples": [{"labels": "{}", "value": 0}],
            },
            {
                "expr": f"slo:period_error_budget_remaining:ratio{slo.selector} > bool 0.89",
                "eval_time": f"{hours}h",
                "exp_samples": [{"labels": _labels(slo), "value": 1}],
            },
        ],
    }


def _check(slo: Slo, alert: str, seconds: int, *, is_firing: bool) -> dict[str, Any]:
    alerts = {"alertname": alert, "alertstate": "firing", **slo.identity, "slo": slo.name}
    firing = f"count(ALERTS{selector(alerts)}) or vector(0)"
    return {
        "expr": firing,
        "eval_time": f"{seconds}s",
        "exp_samples": [{"labels": "{}", "value": int(is_firing)}],
    }


def _labels(slo: Slo) -> str:
    return selector(slo.labels)


def _up(seconds: Fraction, step: int) -> int:
    return ceil(seconds / step) * step


def _down(seconds: Fraction, step: int) -> int:
    return floor(seconds / step) * step
