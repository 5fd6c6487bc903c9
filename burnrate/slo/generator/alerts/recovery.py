"""Whether failures are over: where there is little traffic, only a good event says so.

An empty short window is no recovery. So that no restart of Prometheus forgets it, what is known is
recorded: how many good events there were at the last failure, and how many bad ones at the last
good event. A record that reads itself reads a day back, as the ledger does.
"""

from typing import Final

from burnrate.slo.generator.windows import Rule, events_name, ledger_name, rule
from burnrate.slo.minimums import LOW_TRAFFIC_AN_HOUR
from burnrate.slo.specification import Slo, number
from burnrate.slo.windows import HOUR, Tier

# The evaluation before this one, however long ago.
_BEFORE: Final = "[1d] offset 1ms"
# Counts are whole, so that half an event is a difference.
_HALF: Final = 0.5
_AT_LAST_FAILURE: Final = "slo:good_events:at_last_failure"
_AT_LAST_GOOD: Final = "slo:bad_events:at_last_good"
_IN_A_ROW: Final = "slo:failures_in_a_row:count"
# There only while no good event has come since the last failure; how many there were until then.
_UNRECOVERED: Final = "slo:unrecovered:good_events"
# The same, of a tier: while its alert goes on although its windows do not say so.
_HELD: Final = "slo:alert_held:good_events"


def recovery_records(slo: Slo) -> list[Rule]:
    """Return what is known of an SLO's last events, each record after those that it reads."""
    bad, good = f"max({_ledger(slo, 'bad')})", _good(slo)
    bad_before = f"(max({_last(slo, ledger_name('bad'))}) or vector(0))"
    good_before = f"({_good_before(slo)} or vector(0))"
    failure_before = f"max({_last(slo, _AT_LAST_FAILURE)})"
    before = f"max({_last(slo, _AT_LAST_GOOD)})"
    last_good = f"max({_AT_LAST_GOOD}{slo.selector})"
    last_failure = f"max({_AT_LAST_FAILURE}{slo.selector})"
    made = [
        # A failure and a good event in one evaluation: which came last is not known, and the
        # failure counts. So do failures in a row: they are broken.
        (
            _AT_LAST_FAILURE,
            f"{good} and on () {bad} > {bad_before} + {_HALF} or on () {failure_before}",
        ),
        (
            _AT_LAST_GOOD,
            f"{bad} and on () {good} > {good_before} + {_HALF} or on () {before} or on () {bad}",
        ),
        (_IN_A_ROW, f"{bad} - {last_good}"),
        (_UNRECOVERED, f"{last_failure} > {good} - {_HALF}"),
    ]
    return [rule(slo, name, expr) for name, expr in made]


def held_record(slo: Slo, tier: Tier, fires: str) -> Rule:
    """Return the record that a tier's alert goes on by while no good event says that it is over.

    Args:
        slo: The SLO.
        tier: The tier.
        fires: The condition of its long window.
    """
    now = f"max({_UNRECOVERED}{slo.selector})"
    before = f"max(last_over_time({_held(slo, tier)}{_BEFORE})) == {now}"
    started = [fires, before]
    if tier == slo.row_tier:
        started.append(f"{_IN_A_ROW}{slo.selector} > {slo.failures_in_a_row - _HALF:g}")
    # The last failure is within the long window.
    failures = f"{events_name('bad', tier.long)}{slo.selector} > 0"
    expr = (
        f"{now} and on () ({' or on () '.join(f'({each})' for each in started)})"
        f" and on () ({is_low(slo, tier)} or on () {_is_empty(slo, tier)}) and on () {failures}"
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


def _good_before(slo: Slo) -> str:
    total, bad = (_last(slo, ledger_name(kind)) for kind in ("total", "bad"))
    return f"max({total}) - max({bad})"


def _ledger(slo: Slo, kind: str) -> str:
    return f"{ledger_name(kind)}{slo.selector}"


def _last(slo: Slo, name: str) -> str:
    return f"last_over_time({name}{slo.lookup}{_BEFORE})"
