"""How often the rules of an SLO are evaluated: as often as whom they wake can tell the difference.

What is late by two evaluations is late by a small part of the short window that a tier waits for
anyway, when its alert begins and when it ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from burnrate.slo.specification import Slo
from burnrate.slo.windows import (
    CAUSE_EVALUATION_SECONDS,
    EVALUATION_SECONDS,
    M5,
    TICKET_EVALUATION_SECONDS,
    WINDOWS,
    Tier,
    Window,
)


@dataclass(frozen=True)
class Paced:
    """What is evaluated at one pace: some tiers, and the windows that no faster one has read."""

    seconds: int
    tiers: Sequence[Tier]
    windows: Sequence[Window]


def ledger_seconds(slo: Slo) -> int:
    """Return how often an SLO's ledger and its most urgent tiers are evaluated."""
    pages = any(tier.severity == "page" for tier in slo.tiers)
    return EVALUATION_SECONDS if pages else CAUSE_EVALUATION_SECONDS


def tier_seconds(slo: Slo, tier: Tier) -> int:
    """Return how often a tier's alert is evaluated."""
    if not tier.is_often:
        return TICKET_EVALUATION_SECONDS
    return max(ledger_seconds(slo), tier.evaluation_seconds)


def paces(slo: Slo) -> tuple[Paced, Paced, Paced]:
    """Return what is urgent, what is slower, and what waits as tickets do; each may be empty."""
    often = [tier for tier in slo.tiers if tier.is_often]
    first = ledger_seconds(slo)
    urgent = [tier for tier in often if tier_seconds(slo, tier) == first]
    slower = [tier for tier in often if tier not in urgent]
    # What burns now is shown of any SLO.
    at_once = {M5, *_read(slo, urgent)}
    soon = _read(slo, slower) - at_once
    late = set(WINDOWS) - at_once - soon
    return (
        Paced(first, urgent, _ordered(at_once)),
        Paced(min((tier_seconds(slo, each) for each in slower), default=first), slower,
              _ordered(soon)),
        Paced(TICKET_EVALUATION_SECONDS, [t for t in slo.tiers if not t.is_often], _ordered(late)),
    )  # fmt: skip


def _read(slo: Slo, tiers: Sequence[Tier]) -> set[Window]:
    read = {window for tier in tiers for window in (tier.long, tier.short)}
    # Of a ledger each window is read by itself; else a long one is the sum of shorter ones.
    return read if slo.has_ledger else {part for window in read for part in window.parts}


def _ordered(windows: set[Window]) -> list[Window]:
    return [window for window in WINDOWS if window in windows]
