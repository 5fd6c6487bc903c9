"""Unit tests for promtool, for every tier of an SLO and several shares of failures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

from burnrate.slo.detection import Detection
from burnrate.slo.generator.alerting import group_names
from burnrate.slo.generator.input_series import Stretch, input_series
from burnrate.slo.specification import Slo, number, selector, target_labels
from burnrate.slo.windows import D1, D3, EVALUATION_SECONDS, H1, H2, H6, HOUR, Tier

# Enough traffic that every share of failures exceeds the minimum of failures.
_EVENTS_A_SECOND: Final = 100
# The evaluation interval of a tier's tests: Prometheus' own for the fast tier, where seconds
# count; for others a small part of what is measured, since a run would take minutes.
_STEPS: Final = {H1: EVALUATION_SECONDS, H2: 60, H6: 120, D1: 240, D3: 240}
# A range of five minutes needs more than one sample.
_COARSEST_SAMPLES: Final = 60
# A margin before the earliest time that is asserted: rate() extrapolates at a window's ends.
_EARLY: Final = Fraction(85, 100)


@dataclass(frozen=True)
class _Course:
    """One course of events: healthy, failing, healthy; all in seconds.

    Attributes:
        detection: What fails, and when that must be seen.
        step: From one evaluation to the next.
        samples: From one sample to the next.
        began: When the failures begin.
        ended: When they end.
        until: When the test ends.
    """

    detection: Detection
    step: int
    samples: int
    began: int
    ended: int
    until: int


def test_files(
    slo: Slo, found: Mapping[Tier, Sequence[Detection]], rules: str
) -> dict[str, dict[str, Any]]:
    """Return the files of an SLO: one a tier, and the one in which nothing ever fires.

    Args:
        slo: The SLO.
        found: What each of its tiers makes of failures.
        rules: Where its rules are, seen from the files.
    """
    made = {
        tier.suffix.lower(): _file(
            slo, rules, _step(tier), [_failing(slo, each) for each in detections]
        )
        for tier, detections in found.items()
    }
    return {**made, "healthy": _file(slo, rules, 60, [_healthy(slo)])}


def _file(slo: Slo, rules: str, step: int, tests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "rule_files": [rules],
        "evaluation_interval": f"{step}s",
        # promtool evaluates every group at every step, in no fixed order unless it is given one.
        "group_eval_order": list(group_names(slo)),
        "tests": list(tests),
    }


def _step(tier: Tier) -> int:
    return _STEPS.get(tier.long, EVALUATION_SECONDS)


def _course(detection: Detection) -> _Course:
    step, short = _step(detection.tier), detection.tier.short.seconds
    # Failures last until the short window holds nothing else, as the reset's arithmetic assumes.
    failing = _up((detection.after_seconds or Fraction(0)) + short + 2 * step, step)
    after = _up(Fraction(short + 3 * step), step)
    began = 2 * short
    samples = min(step, _COARSEST_SAMPLES)
    return _Course(detection, step, samples, began, began + failing, began + failing + after)


def _stretches(slo: Slo, course: _Course) -> list[Stretch]:
    detection, samples = course.detection, course.samples
    long, short = detection.tier.long.seconds, detection.tier.short.seconds
    events = _EVENTS_A_SECOND * samples
    # At detection the long window holds as many events as with even traffic, but those from before
    # the short window are packed into one more short window. The arithmetic is the same, and the
    # test is days shorter.
    # A ledger that is younger than its window does that by itself.
    crowd = (
        Fraction(1)
        if slo.has_ledger
        else max(Fraction(0), long - short - (detection.after_seconds or Fraction(0))) / short
    )
    return [
        Stretch(short // samples, round(events * crowd)),
        Stretch(short // samples, events),
        Stretch((course.ended - course.began) // samples, events, detection.failing),
        Stretch((course.until - course.ended) // samples, events),
    ]


def _failing(slo: Slo, detection: Detection) -> dict[str, Any]:
    course, part = _course(detection), number(100 * detection.failing)
    return {
        "name": f"{part} % failures: {detection.tier.suffix} sees them and their end in time",
        "interval": f"{course.samples}s",
        "input_series": input_series(slo, _stretches(slo, course)),
        "promql_expr_test": _checks(slo, course),
    }


def _checks(slo: Slo, course: _Course) -> list[dict[str, Any]]:
    after, reset = course.detection.after_seconds, course.detection.reset_seconds
    name, step = slo.alert_name(course.detection.tier), course.step
    if after is None or reset is None:
        return [_check(slo, name, course.ended, is_firing=False)]
    slack = 2 * step
    not_before = course.began + _down(after * _EARLY - slack, step)
    still = course.ended + _down(reset * _EARLY - slack, step)
    early = _check(slo, name, max(not_before, course.began), is_firing=False)
    return [
        *([] if _is_seen_early(slo, course.detection) else [early]),
        _check(slo, name, course.began + _down(after + slack, step), is_firing=True),
        _check(slo, name, max(still, course.ended), is_firing=True),
        _check(slo, name, course.ended + _down(reset + slack, step), is_firing=False),
    ]


def _is_seen_early(slo: Slo, detection: Detection) -> bool:
    """Whether so many failures in a row are no chance at the traffic of the tests."""
    counts_rows = slo.has_ledger and detection.tier in (slo.row_tier, slo.quick_row_tier)
    return counts_rows and detection.failing == 1 and slo.row_limit > _EVENTS_A_SECOND * HOUR


def _healthy(slo: Slo) -> dict[str, Any]:
    samples, hours, firing = _COARSEST_SAMPLES, 4, 'ALERTS{alertstate="firing"}'
    # A tenth of the error ratio that the slowest tier fires for.
    even = [Stretch(hours * HOUR // samples, _EVENTS_A_SECOND * samples, slo.budget / 10)]
    up = {
        "series": f"up{selector(target_labels(slo.job, slo.identity))}",
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
