"""What a drill will wait for on this very stack, and until when."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from burnrate.drill.catalogue import Drill
from burnrate.drill.clients.inbox_api import read_late
from burnrate.drill.clients.loki_rules import loki_rules
from burnrate.drill.clients.prometheus_api import Rule
from burnrate.drill.errors import Refused
from burnrate.drill.expectation import bounds as theory
from burnrate.drill.expectation.bounds import Pace, Window
from burnrate.drill.expectation.expected_alert import (
    Expected,
    conditions,
    find_rule,
    ranges_seconds,
    windows,
)
from burnrate.drill.observation.timeline import ALERT_STEPS, Step
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
        expected: The alert, told from those of other tiers.
        rule: Where it comes from.
        bounds: What theory says of each step.
        way: The steps that are looked for while the fault is on.
        end: The step that ends the drill.
        wait_seconds: How long Alertmanager may hold the notification.
    """

    drill: Drill
    expected: Expected
    rule: Rule | None
    bounds: Mapping[Step, Bound]
    way: Sequence[Step] = ALERT_STEPS
    end: Step = Step.RESOLVED
    wait_seconds: float = 0.0


def problem(drill: Drill, stack: RunningStack) -> str | None:
    """Return why a drill cannot be held on this stack, or None."""
    if drill.sees == "watchdog":
        is_late = read_late(stack.inbox.metrics())
        if is_late is None:
            return "the inbox has no dead man's switch that could notice"
        return "the inbox misses its watchdog already" if is_late else None
    if drill.sees == "loki":
        if not stack.prometheus.value('up{job="loki"} == 1'):
            return "Loki is not part of this stack (not installed, or down)"
        if not stack.prometheus.value("sum(loki_distributor_lines_received_total)"):
            return "nothing ships logs to Loki (Alloy is not installed, or down)"
    if _find(drill, stack) is None:
        where = "loki/rules" if drill.sees == "loki" else "the loaded rules"
        return f"no rule for it: {where} have none for {drill.expected}"
    return None


def expected_alert(drill: Drill, stack: RunningStack) -> Expected | None:
    """Return the alert a drill waits for on this stack, told from those of other tiers."""
    rule = None if drill.sees == "watchdog" else _find(drill, stack)
    return drill.expected.pinned_to(rule) if rule is not None else None


def make_plan(drill: Drill, stack: RunningStack, rate: float) -> Plan:
    """Return what to expect of a load of `rate` requests a second; raises Refused."""
    if (reason := problem(drill, stack)) is not None:
        raise Refused(f"{drill.name}: {reason}")
    if drill.sees == "watchdog":
        return _watchdog_plan(drill, stack)
    rule = _find(drill, stack)
    assert rule is not None  # noqa: S101 - `problem` has just found it
    expected = drill.expected.pinned_to(rule)
    pace = _pace(drill, stack, rule)
    if drill.sees == "loki":
        return _loki_plan(drill, expected, rule, pace)
    return _alert_plan(drill, stack, rule, pace, rate)


def _loki_plan(drill: Drill, expected: Expected, rule: Rule, pace: Pace) -> Plan:
    told = theory.detection(pace, onset=drill.onset_seconds, burn=0.0).stored
    # More lines than the rule allows are in its range until the last one of the fault leaves it.
    held = [Window(seconds, threshold=0.0) for seconds in ranges_seconds(rule.query)]
    over = drill.onset_seconds + theory.reset(pace, held, drill.bad_share, rule.keep_firing_for)
    return Plan(
        drill,
        expected,
        None,
        {
            Step.STORED: Bound(told + theory.SLACK_SECONDS),
            Step.RESOLVED: Bound(over + theory.SLACK_SECONDS, Step.FAULT_OFF),
        },
        (Step.SENT, Step.STORED),
        wait_seconds=_wait(pace),
    )


def _alert_plan(drill: Drill, stack: RunningStack, rule: Rule, pace: Pace, rate: float) -> Plan:
    held: list[Window] = []
    burn = 0.0
    if drill.events is not None:
        rules = stack.prometheus.rules()
        held = windows(
            stack.prometheus,
            conditions(rule, rules),
            total=drill.events.total_in_window(),
            bad=drill.events.bad_in_window(),
        )
        burn = theory.burn_seconds(held, rate, drill.bad_share)
        if math.isinf(burn):
            raise Refused(f"{drill.name}: {rule.name} cannot fire for this fault")
    found = theory.detection(pace, onset=drill.onset_seconds, burn=burn)
    bounds = {
        Step.FIRST_BAD: found.first_bad,
        Step.OVER: found.over,
        Step.PENDING: found.pending,
        Step.FIRING: found.firing,
        Step.SENT: found.sent,
        Step.STORED: found.stored,
    }
    reset = theory.reset(pace, held, drill.bad_share, rule.keep_firing_for)
    result = {step: Bound(seconds + theory.SLACK_SECONDS) for step, seconds in bounds.items()}
    result[Step.RESOLVED] = Bound(reset + theory.SLACK_SECONDS, Step.FAULT_OFF)
    if drill.is_inbox_away:
        retry = min(_LONGEST_RETRY_SECONDS, pace.group_interval)
        result[Step.SENT] = Bound(found.sent + retry + theory.SLACK_SECONDS)
        result[Step.STORED] = Bound(retry + theory.SLACK_SECONDS, Step.INBOX_BACK)
    expected = drill.expected.pinned_to(rule)
    return Plan(drill, expected, rule, result, wait_seconds=_wait(pace))


def _watchdog_plan(drill: Drill, stack: RunningStack) -> Plan:
    late = stack.watchdog_late_seconds + _WATCHDOG_LOOK_SECONDS + theory.SLACK_SECONDS
    # Prometheus, or Alertmanager, is up again, evaluates, waits for the next flush, and is heard.
    heard = 2 * _WATCHDOG_EVERY_SECONDS + _WATCHDOG_LOOK_SECONDS + theory.SLACK_SECONDS
    return Plan(
        drill,
        drill.expected,
        None,
        {Step.LATE: Bound(late), Step.HEARD: Bound(heard, Step.FAULT_OFF)},
        (Step.LATE,),
        Step.HEARD,
    )


def _pace(drill: Drill, stack: RunningStack, rule: Rule) -> Pace:
    labels = {"alertname": rule.name, **drill.expected.labels, **rule.labels}
    rhythm = stack.alertmanager.rhythm(labels)
    open_group = any(
        all(alert.labels.get(name, "") == labels.get(name, "") for name in rhythm.group_by)
        for alert in stack.alertmanager.alerts()
        if stack.alertmanager.rhythm(alert.labels) == rhythm
    )
    scrape = stack.prometheus.scrape_interval(drill.job) if drill.sees == "prometheus" else 0.0
    return Pace(
        scrape=scrape,
        evaluation=rule.interval,
        hold=rule.duration,
        group_wait=rhythm.group_wait,
        group_interval=rhythm.group_interval,
        is_group_open=open_group,
    )


def _wait(pace: Pace) -> float:
    return pace.group_interval if pace.is_group_open else pace.group_wait


def _find(drill: Drill, stack: RunningStack) -> Rule | None:
    if drill.sees == "loki":
        rules = loki_rules(stack.session.containers.checkout / "loki/rules")
    else:
        rules = stack.prometheus.rules()
    return find_rule(drill.expected, rules)
