"""Whether failures are over: where there is little traffic, only a good event says so.

An empty short window is no recovery. So that no restart of Prometheus forgets it, what is known is
recorded: how many good events there were at the last failure, and how many bad ones at the last
good event. A record that reads itself reads a day back, as the ledger does.
"""

from typing import Final

from burnrate.slo.generator.windows import (
    AT_LAST_FAILURE,
    AT_LAST_GOOD,
    Rule,
    events_name,
    just_gained,
    ledger_name,
    previous,
    rule,
)
from burnrate.slo.minimums import LOW_TRAFFIC_AN_HOUR
from burnrate.slo.specification import Slo, number
from burnrate.slo.windows import HOUR, Tier

# The evaluation before this one, however long ago.
_BEFORE: Final = "[1d] offset 1ms"
# Counts are whole, so that half an event is a difference.
_HALF: Final = 0.5
_IN_A_ROW: Final = "slo:failures_in_a_row:count"
# There only while no good event has come since the last failure; how many there were until then.
_UNRECOVERED: Final = "slo:unrecovered:good_events"
# The same, of a tier: while its alert goes on although its windows do not say so.
_HELD: Final = "slo:alert_held:good_events"


def recovery_records(slo: Slo) -> list[Rule]:
    """Return what is known of an SLO's last events, each record after those that it reads."""
    bad, good = f"max({_ledger(slo, 'bad')})", _good(slo)
    has_failed, is_good = _changes(slo, good, bad)
    made = [
        # A failure and a good event in one evaluation: which came last is not known, and the
        # failure counts. So do failures in a row: they are broken.
        (
            AT_LAST_FAILURE,
            f"{good} and on () {has_failed} or on () {previous(slo, AT_LAST_FAILURE)}",
        ),
        (
            AT_LAST_GOOD,
            f"{bad} and on () {is_good} or on () {previous(slo, AT_LAST_GOOD)} or on () {bad}",
        ),
        (_IN_A_ROW, f"{bad} - max({AT_LAST_GOOD}{slo.selector})"),
        (_UNRECOVERED, f"max({AT_LAST_FAILURE}{slo.selector}) > {good} - {_HALF}"),
    ]
    return [rule(slo, name, expr) for name, expr in made]


def _changes(slo: Slo, good: str, bad: str) -> tuple[str, str]:
    """Return the conditions that this evaluation brought a failure, and a good event."""
    total_gained, bad_gained = (just_gained(slo, kind) for kind in ("total", "bad"))
    if total_gained and bad_gained:
        return f"{bad_gained} > {_HALF}", f"{total_gained} - {bad_gained} > {_HALF}"
    bad_before, total_before = (previous(slo, ledger_name(kind)) for kind in ("bad", "total"))
    return (
        f"{bad} > ({bad_before} or vector(0)) + {_HALF}",
        f"{good} > ({total_before} - {bad_before} or vector(0)) + {_HALF}",
    )


def held_record(slo: Slo, tier: Tier, fires: str) -> Rule:
    """Return the record that a tier's alert goes on by while no good event says that it is over.

    Args:
        slo: The SLO.
        tier: The tier.
        fires: The condition of its long window.
    """
    now = f"max({_UNRECOVERED}{slo.selector})"
    before = f"max(last_over_time({_held(slo, tier)}{_BEFORE})) == {now}"
    silent = f"{is_low(slo, tier)} or on () {_is_empty(slo, tier)}"
    ways = [f"(({fires}) or on () ({before})) and on () ({silent})"]
    if tier == slo.row_tier:
        few = f"{events_name('total', tier.long)}{slo.selector} < {number(slo.row_limit / HOUR)}"
        row = f"{_IN_A_ROW}{slo.selector} > {slo.failures_in_a_row - _HALF:g}"
        ways.append(f"{row} and on () {few}")
    # The last failure is within the long window.
    failures = f"{events_name('bad', tier.long)}{slo.selector} > 0"
    expr = (
        f"{now} and on () ({' or on () '.join(f'({each})' for each in ways)}) and on () {failures}"
    )
    return rule(slo, _HELD, expr, {**slo.labels, "tier": tier.suffix})


def is_held(slo: Slo, tier: Tier) -> str:
    """Return the condition that a tier's alert goes on, with the labels of the SLO's records."""
    return f"max without (tier) ({_held(slo, tier)})"


def is_low(slo: Slo, tier: Tier) -> str:
    """Return the condition that there is little traffic."""
    limit = number(LOW_TRAFFIC_AN_HOUR / HOUR)
    return f"{events_name('total', tier.long)}{slo.selector} < {limit}"


def silence(slo: Slo, tier: Tier) -> str:
    """Return the query that has a value while there is no traffic and no sign of recovery."""
    return f"{is_held(slo, tier)} and on () {_is_empty(slo, tier)}"


def last_failure(slo: Slo, seconds: int, step: int) -> str:
    """Return the query of the time of the last failure, if it was within the last seconds."""
    bad = _ledger(slo, "bad")
    return f"min_over_time(timestamp({bad} >= {bad} @ end())[{seconds}s:{step}s])"


def _is_empty(slo: Slo, tier: Tier) -> str:
    return f"{events_name('total', tier.short)}{slo.selector} == 0"


def _held(slo: Slo, tier: Tier) -> str:
    return f'{_HELD}{slo.selector[:-1]}, tier="{tier.suffix}"}}'


def _good(slo: Slo) -> str:
    return f"(max({_ledger(slo, 'total')}) - max({_ledger(slo, 'bad')}))"


def _ledger(slo: Slo, kind: str) -> str:
    return f"{ledger_name(kind)}{slo.selector}"
