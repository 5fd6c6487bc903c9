"""Whether failures are over: where there is little traffic, only a good event says so.

An empty short window is no recovery. So that no restart of Prometheus forgets it, what is known is
recorded: how many good events there were at the last failure while none has come since, and how
many failures there were since the last good event. A record that reads itself reads a day back, as
the ledger does.
"""

from typing import Final

from burnrate.slo.generator.windows import (
    IN_A_ROW,
    UNRECOVERED,
    Rule,
    events_name,
    gained,
    ledger_name,
    previous,
    rule,
)
from burnrate.slo.minimums import LOW_TRAFFIC_AN_HOUR
from burnrate.slo.specification import Slo, number
from burnrate.slo.windows import D1, HOUR, Tier

# Counts are whole, so that half an event is a difference.
_HALF: Final = 0.5
# Below this many events a second there is little traffic.
LOW_TRAFFIC: Final = number(LOW_TRAFFIC_AN_HOUR / HOUR)
# Like UNRECOVERED, of a tier: there while its alert goes on although its windows do not say so.
_HELD: Final = "slo:alert_held:good_events"


def recovery_records(slo: Slo) -> list[Rule]:
    """Return what is known of an SLO's last events."""
    bad, total = (gained(slo, kind) for kind in ("bad", "total"))
    # A failure and a good event in one evaluation: which came last is not known, and the failure
    # counts. So do failures in a row: they are broken.
    failed = f"({bad} > {_HALF}) * Inf"
    unrecovered = f"{_good(slo)} < ({failed} or on () {previous(slo, UNRECOVERED)} + {_HALF})"
    # What a ledger begins with is no row, and without a ledger nothing is known yet.
    in_a_row = f"({previous(slo, IN_A_ROW)} + {bad}) * ({total} - {bad} <= bool {_HALF})"
    return [
        rule(slo, IN_A_ROW, f"{in_a_row} or 0 * max({_ledger(slo, 'bad')})"),
        rule(slo, UNRECOVERED, unrecovered),
    ]


def held_record(slo: Slo, tier: Tier, fires: str) -> Rule:
    """Return the record that a tier's alert goes on by while no good event says that it is over.

    Args:
        slo: The SLO.
        tier: The tier.
        fires: The condition of its long window.
    """
    now = f"max({UNRECOVERED}{slo.selector})"
    # Its last evaluation, however long ago: it ends with the long window after the last failure.
    window = min(tier.long, D1, key=lambda each: each.seconds).name
    before = f"max(last_over_time({_held(slo, tier)}[{window}] offset 1ms)) == {now}"
    silent = f"{is_low(slo, tier)} or on () {_is_empty(slo, tier)}"
    ways = [f"(({fires}) or on () ({before})) and on () ({silent})"]
    bad = f"{events_name('bad', tier.long)}{slo.selector}"
    if tier in (slo.row_tier, slo.quick_row_tier):
        enough = f"{slo.failures_in_a_row - _HALF:g}"
        few = f"{events_name('total', tier.long)}{slo.selector} < {number(slo.row_limit / HOUR)}"
        row = f"{IN_A_ROW}{slo.selector} > {enough} and on () {few}"
        # A row that takes longer is the slower page's, or each of its failures would page anew.
        recent = f" and on () {bad} * {tier.long.seconds} > {enough}"
        ways.append(f"{row}{recent if tier == slo.quick_row_tier else ''}")
    # The last failure is within the long window.
    failures = f"{bad} > 0"
    expr = (
        f"{now} and on () ({' or on () '.join(f'({each})' for each in ways)}) and on () {failures}"
    )
    return rule(slo, _HELD, expr, {**slo.labels, "tier": tier.suffix})


def is_held(slo: Slo, tier: Tier) -> str:
    """Return the condition that a tier's alert goes on, with the labels of the SLO's records."""
    return f"max without (tier) ({_held(slo, tier)})"


def is_low(slo: Slo, tier: Tier) -> str:
    """Return the condition that there is little traffic."""
    return f"{events_name('total', tier.long)}{slo.selector} < {LOW_TRAFFIC}"


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
    return _HELD + slo.narrowed(f'tier="{tier.suffix}"')


def _good(slo: Slo) -> str:
    return f"(max({_ledger(slo, 'total')}) - max({_ledger(slo, 'bad')}))"


def _ledger(slo: Slo, kind: str) -> str:
    return f"{ledger_name(kind)}{slo.selector}"
