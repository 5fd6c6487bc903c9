"""Unit tests for promtool, for every SLO, every tier and every part of failures."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

from burnrate.slo.model import Service, Slo, number
from burnrate.slo.theory import FAILURE_PARTS, detection_seconds, reset_seconds
from burnrate.slo.timelines import Stretch, input_series
from burnrate.slo.windows import EVALUATION_SECONDS, TIERS, Tier

# Enough that no part of failures is below the minimum of failures.
_EVENTS_A_SECOND: Final = 100
# How coarse time may be in a tier's tests: as Prometheus evaluates for the fast one, where seconds
# count; else a small part of what is measured, or a run would take minutes.
_STEPS: Final = {"Fast": EVALUATION_SECONDS, "High": 120, "Medium": 300, "Slow": 600}
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


def test_files(service: Service, rules: str) -> dict[str, dict[str, Any]]:
    """Return the files of a service: one a tier, and the one in which nothing ever fires."""
    made = {}
    for tier in TIERS:
        if any(tier in slo.tiers() for slo in service.slos):
            slos = [slo for slo in service.slos if tier in slo.tiers()]
            tests = [
                _failing(batch, tier, part) for part in FAILURE_PARTS for batch in _batches(slos)
            ]
            made[tier.suffix.lower()] = _file(rules, _STEPS[tier.suffix], tests)
    made["healthy"] = _file(rules, 60, [_healthy(service)])
    return made


def _file(rules: str, step: int, tests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"rule_files": [rules], "evaluation_interval": f"{step}s", "tests": list(tests)}


def _course(slos: Sequence[Slo], tier: Tier, part: Fraction) -> _Course:
    step = _STEPS[tier.suffix]
    detections = [detection_seconds(slo, tier, part) for slo in slos]
    longest = max([each for each in detections if each is not None], default=Fraction(0))
    # Failures last until the short window holds nothing else, as the arithmetic of the end wants.
    failing = _up(longest + tier.short.seconds + 2 * step, step)
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


def _batches(slos: Sequence[Slo]) -> list[list[Slo]]:
    """Split SLOs so that none shares a series with another: each has a past of its own."""
    batches: list[tuple[set[str], list[Slo]]] = []
    for slo in slos:
        names = {series["series"] for series in input_series(slo, [])}
        for taken, batch in batches:
            if not taken & names:
                taken.update(names)
                batch.append(slo)
                break
        else:
            batches.append((names, [slo]))
    return [batch for _, batch in batches]


def _failing(slos: Sequence[Slo], tier: Tier, part: Fraction) -> dict[str, Any]:
    course = _course(slos, tier, part)
    return {
        "name": f"{number(100 * part)} % failures: {tier.suffix} sees them and their end in time",
        "interval": f"{course.samples}s",
        "input_series": [
            series
            for slo in slos
            for series in input_series(slo, _stretches(slo, tier, part, course))
        ],
        "promql_expr_test": [check for slo in slos for check in _checks(slo, tier, part, course)],
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


def _healthy(service: Service) -> dict[str, Any]:
    samples, hours, firing = _COARSEST_SAMPLES, 4, 'ALERTS{alertstate="firing"}'
    # A tenth of what the slowest tier would call too much.
    worst = min(slo.budget for slo in service.slos) / 10
    even = [Stretch(hours * 3600 // samples, _EVENTS_A_SECOND * samples, worst)]
    # SLOs that look at one series feed it the same events.
    series = {each["series"]: each for slo in service.slos for each in input_series(slo, even)}
    up = {"series": f'up{{job="{service.job}"}}', "values": f"1x{hours * 3600 // samples}"}
    return {
        "name": "a tenth of the budget's pace is silent",
        "interval": f"{samples}s",
        "input_series": [up, *series.values()],
        "promql_expr_test": [
            {
                "expr": f"count(count_over_time({firing}[{hours}h])) or vector(0)",
                "eval_time": f"{hours}h",
                "exp_samples": [{"labels": "{}", "value": 0}],
            },
            *(
                {
                    "expr": f"slo:period_error_budget_remaining:ratio{slo.selector} > bool 0.89",
                    "eval_time": f"{hours}h",
                    "exp_samples": [{"labels": _labels(slo), "value": 1}],
                }
                for slo in service.slos
            ),
        ],
    }


def _check(slo: Slo, alert: str, seconds: int, *, is_firing: bool) -> dict[str, Any]:
    firing = (
        f'count(ALERTS{{alertname="{alert}", alertstate="firing", service="{slo.service}",'
        f' slo="{slo.name}"}}) or vector(0)'
    )
    return {
        "expr": firing,
        "eval_time": f"{seconds}s",
        "exp_samples": [{"labels": "{}", "value": int(is_firing)}],
    }


def _labels(slo: Slo) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in slo.labels.items()) + "}"


def _up(seconds: Fraction, step: int) -> int:
    return ceil(seconds / step) * step


def _down(seconds: Fraction, step: int) -> int:
    return floor(seconds / step) * step
