"""What a drill will wait for, and until when."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from burnrate.drill.clients import PrometheusApi, Rule, loki_ranges
from burnrate.drill.definition import Drill
from burnrate.drill.drill_target import Target
from burnrate.drill.errors import Refused
from burnrate.drill.expectation import (
    SLACK_SECONDS,
    EventCounts,
    ExpectedAlert,
    RecordedTier,
    Waits,
    Window,
    burn_seconds,
    latest_resolution,
    latest_times,
)
from burnrate.drill.observation import ALERT_STEPS, Step
from burnrate.drill.running_stack import RunningStack

# Alertmanager waits longer after each attempt that fails, and this long at most.
_LONGEST_RETRY_SECONDS = 60.0
# How often the inbox looks whether the watchdog is late, at most.
_WATCHDOG_LOOK_SECONDS = 5.0
# The watchdog's own group is flushed this often; it comes at every second flush.
_WATCHDOG_EVERY_SECONDS = 60.0


@dataclass(frozen=True)
class Bound:
    """A step must happen within so many seconds of another step."""

    seconds: float
    since: Step = Step.FAULT_ON


@dataclass(frozen=True)
class Plan:
    """A drill on one stack.

    Args:
        expected: The alert that comes first in theory, told from those of other tiers.
        rule: Where it comes from, where Prometheus evaluates it; else None.
        bad: A query that rises with the first bad sample; empty where there is none.
        bounds: The latest time of each step.
        way: The steps that are looked for while the fault is on.
        end: The step that ends the drill.
        wait_seconds: How long Alertmanager may hold the notification.
        resolutions: The latest resolution of each tier's alert, by the end of its name: any of them
            may come first, since on a young stack all windows hold the same minutes.
    """

    drill: Drill
    expected: ExpectedAlert
    rule: Rule | None
    bad: str
    bounds: Mapping[Step, Bound]
    way: Sequence[Step] = ALERT_STEPS
    end: Step = Step.RESOLVED
    wait_seconds: float = 0.0
    resolutions: Mapping[str, Bound] = field(default_factory=dict)

    @property
    def arrival(self) -> ExpectedAlert:
        """The alert whose arrival is waited for: any tier's of the SLO under test."""
        return self.expected if self.drill.slo is None else self.drill.expected

    def bounds_of(self, arrived: str | None) -> Mapping[Step, Bound]:
        """Return the bounds if the alert of this name came."""
        for ending, resolution in self.resolutions.items():
            if arrived is not None and arrived.endswith(ending):
                return {**self.bounds, Step.RESOLVED: resolution}
        return self.bounds


def make_plan(drill: Drill, target: Target, stack: RunningStack, rate: float) -> Plan:
    """Return what to expect under a load of `rate` requests a second.

    Raises:
        Refused: the alert cannot fire for this fault.
        NoAnswer: a part of the stack does not answer.
    """
    if target.rule is None:
        return _watchdog_plan(drill, stack)
    waits = _waits(drill, stack, target)
    if drill.noticed_by == "loki":
        return _loki_plan(drill, target.expected, target.rule, waits)
    windows: list[Window] = []
    burn = 0.0
    if target.events is not None:
        windows = _windows(stack.prometheus, target.tiers[0], target.events, rate)
        burn = burn_seconds(windows, rate, drill.bad_share)
        if math.isinf(burn):
            raise Refused(f"{drill.name}: {target.rule.name} cannot fire for this fault")
    return Plan(
        drill,
        target.expected,
        target.rule,
        drill.bad if target.events is None else target.events.bad_so_far,
        _alert_bounds(drill, target.rule, waits, windows, burn),
        wait_seconds=waits.notification,
        resolutions={
            tier.name: _resolution(drill, target.rule, waits, tier.windows) for tier in target.tiers
        },
    )


def _alert_bounds(
    drill: Drill, rule: Rule, waits: Waits, windows: Sequence[Window], burn: float
) -> dict[Step, Bound]:
    latest = latest_times(waits, onset=drill.onset_seconds, burn=burn)
    bounds = {
        step: Bound(seconds + SLACK_SECONDS)
        for step, seconds in {
            Step.FIRST_BAD: latest.first_bad,
            Step.OVER: latest.over,
            Step.PENDING: latest.pending,
            Step.FIRING: latest.firing,
            Step.SENT: latest.sent,
            Step.STORED: latest.stored,
        }.items()
    }
    bounds[Step.RESOLVED] = _resolution(drill, rule, waits, windows)
    if drill.is_inbox_stopped:
        retry = min(_LONGEST_RETRY_SECONDS, waits.group_interval)
        bounds[Step.SENT] = Bound(latest.sent + retry + SLACK_SECONDS)
        bounds[Step.STORED] = Bound(retry + SLACK_SECONDS, Step.INBOX_BACK)
    return bounds


def _resolution(drill: Drill, rule: Rule, waits: Waits, windows: Sequence[Window]) -> Bound:
    resolved = latest_resolution(waits, windows, drill.bad_share, rule.keep_firing_for)
    return Bound(resolved + SLACK_SECONDS, Step.FAULT_OFF)


def _loki_plan(drill: Drill, expected: ExpectedAlert, rule: Rule, waits: Waits) -> Plan:
    stored = latest_times(waits, onset=drill.onset_seconds, burn=0.0).stored
    # More lines than the rule allows are in its range until the last one of the fault leaves it.
    windows = [Window(seconds, threshold=0.0) for seconds in loki_ranges(rule.query)]
    resolved = drill.onset_seconds + latest_resolution(
        waits, windows, drill.bad_share, rule.keep_firing_for
    )
    return Plan(
        drill,
        expected,
        None,
        "",
        {
            Step.STORED: Bound(stored + SLACK_SECONDS),
            Step.RESOLVED: Bound(resolved + SLACK_SECONDS, Step.FAULT_OFF),
        },
        (Step.SENT, Step.STORED),
        wait_seconds=waits.notification,
    )


def _watchdog_plan(drill: Drill, stack: RunningStack) -> Plan:
    late = stack.watchdog_late_seconds + _WATCHDOG_LOOK_SECONDS + SLACK_SECONDS
    # Prometheus, or Alertmanager, is up again, evaluates, waits for the next flush, and is heard.
    heard = 2 * _WATCHDOG_EVERY_SECONDS + _WATCHDOG_LOOK_SECONDS + SLACK_SECONDS
    return Plan(
        drill,
        drill.expected,
        None,
        "",
        {Step.LATE: Bound(late), Step.HEARD: Bound(heard, Step.FAULT_OFF)},
        (Step.LATE,),
        Step.HEARD,
    )


def _windows(
    prometheus: PrometheusApi, tier: RecordedTier, events: EventCounts, rate: float
) -> list[Window]:
    """Return a tier's windows with the events that they hold now."""
    history = prometheus.value(events.history) or math.inf
    return [
        replace(
            window,
            # What is counted for less than a window is taken for a whole one; under the drill's
            # load that may become as many events as if there had always been this load.
            total=max(
                prometheus.value(events.total(specified)),
                rate * window.seconds if history < window.seconds else 0.0,
            ),
            bad=prometheus.value(events.bad(specified)),
        )
        for window, specified in zip(tier.windows, events.windows(tier), strict=True)
    ]


def _waits(drill: Drill, stack: RunningStack, target: Target) -> Waits:
    rule = target.rule
    assert rule is not None  # noqa: S101 - asked by the caller
    labels = {"alertname": rule.name, **drill.expected.labels, **rule.labels}
    timing = stack.alertmanager.timing(labels)
    is_group_open = any(
        all(alert.labels.get(name, "") == labels.get(name, "") for name in timing.group_by)
        for alert in stack.alertmanager.alerts()
        if stack.alertmanager.timing(alert.labels) == timing
    )
    is_scraped = drill.noticed_by == "prometheus"
    job = drill.job if target.events is None else target.events.slo.job
    return Waits(
        scrape=stack.prometheus.scrape_interval(job) if is_scraped else 0.0,
        evaluation=rule.interval,
        pending=rule.duration,
        group_wait=timing.group_wait,
        group_interval=timing.group_interval,
        is_group_open=is_group_open,
    )
