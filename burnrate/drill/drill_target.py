"""The rule that a drill must make fire on this very stack, or why there is none."""

import time
from dataclasses import dataclass

from burnrate.drill.clients import Rule, read_loki_rules
from burnrate.drill.definition import Drill
from burnrate.drill.errors import Refused
from burnrate.drill.expectation import (
    EventCounts,
    ExpectedAlert,
    RecordedTier,
    find_rule,
    recorded_tiers,
)
from burnrate.drill.running_stack import RunningStack

# A Prometheus that has just started knows its targets some seconds later.
_DISCOVERY_SECONDS = 10.0
_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Target:
    """What a drill waits for.

    Args:
        expected: The alert that comes first in theory, told from those of other tiers.
        rule: Where it comes from; None for the inbox' dead man's switch.
        tiers: Of an SLO's alert: those of its severity, the fastest first.
        events: Of an SLO's alert: how its events are counted.
    """

    expected: ExpectedAlert
    rule: Rule | None = None
    tiers: tuple[RecordedTier, ...] = ()
    events: EventCounts | None = None


def find_target(drill: Drill, stack: RunningStack) -> Target:
    """Return what a drill waits for on this stack.

    Raises:
        Refused: the drill cannot be held on it; the message says why.
        NoAnswer: Prometheus or the inbox does not answer.
    """
    if drill.noticed_by == "watchdog":
        return _watchdog(drill, stack)
    if drill.noticed_by == "loki":
        return _of_loki(drill, stack)
    if drill.slo is not None:
        return _of_slo(drill, drill.slo, stack)
    return Target(*_with_rule(drill.expected, stack.prometheus.rules(), "the loaded rules"))


def _watchdog(drill: Drill, stack: RunningStack) -> Target:
    is_late = stack.inbox.is_watchdog_late()
    if is_late is None:
        raise Refused("the inbox has no dead man's switch that could notice")
    if is_late:
        raise Refused("the inbox misses its watchdog already")
    return Target(drill.expected)


def _of_loki(drill: Drill, stack: RunningStack) -> Target:
    if not stack.prometheus.value('up{job="loki"} == 1'):
        raise Refused("Loki is not part of this stack (not installed, or down)")
    if not stack.prometheus.value("sum(loki_distributor_lines_received_total)"):
        raise Refused("nothing ships logs to Loki (Alloy is not installed, or down)")
    rules = read_loki_rules(stack.checkout / "loki/rules")
    return Target(*_with_rule(drill.expected, rules, "loki/rules"))


def _of_slo(drill: Drill, name: str, stack: RunningStack) -> Target:
    slo = stack.slo(name)
    tiers = recorded_tiers(stack.prometheus, drill.expected.labels)
    if slo is None or not tiers:
        raise Refused(f"no SLO for it: none whose name matches {name} is specified and loaded")
    if not _is_asked(stack, slo.job):
        raise Refused(f"{slo.name} is not measured: Prometheus has no job {slo.job} to ask")
    of_tier = ExpectedAlert(drill.expected.labels, name=f".*{tiers[0].name}")
    expected, rule = _with_rule(of_tier, stack.prometheus.rules(), "the loaded rules")
    return Target(expected, rule, tuple(tiers), EventCounts(slo))


def _is_asked(stack: RunningStack, job: str) -> bool:
    deadline = time.monotonic() + _DISCOVERY_SECONDS
    while not stack.prometheus.scrape_interval(job):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _with_rule(
    expected: ExpectedAlert, rules: list[Rule], place: str
) -> tuple[ExpectedAlert, Rule]:
    rule = find_rule(expected, rules)
    if rule is None:
        raise Refused(f"no rule for it: {place} have none for {expected}")
    return expected.narrowed_to(rule), rule
