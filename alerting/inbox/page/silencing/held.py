"""Silences, maintenance windows and inhibitions as people read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alerting.inbox.watch import ListedAlert, Muting, Silence

# Names in one line; a silence of a whole service holds back as many as the service has.
_MOST_NAMES: Final = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One silence.

    Attributes:
        matchers: What it matches, as Alertmanager writes it.
        held: What it holds back now, in a line; empty if it is nothing.
    """

    silence: Silence
    matchers: str
    held: str


@dataclass(frozen=True, slots=True)
class HeldBack:
    """All that Alertmanager holds back, or will.

    Attributes:
        active: The silences that hold back now, the one that ends first first.
        planned: Those that begin later: maintenance windows.
        inhibited: What other alerts hold back, in a line; empty if it is nothing.
        read_at: When Alertmanager said so; None if it never did.
        is_old: Whether it does not answer now.
    """

    active: tuple[Row, ...]
    planned: tuple[Row, ...]
    inhibited: str
    read_at: datetime | None
    is_old: bool

    @property
    def is_anything(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.active or self.planned or self.inhibited)


def held_back(muting: Muting) -> HeldBack:
    """Make the rows."""
    rows = [_row(silence, muting) for silence in muting.silences]
    planned = [row for row in rows if not row.silence.is_active]
    return HeldBack(
        active=tuple(row for row in rows if row.silence.is_active),
        planned=tuple(sorted(planned, key=lambda row: row.silence.starts_at)),
        inhibited=_inhibited(muting),
        read_at=muting.read_at,
        is_old=not muting.is_answered,
    )


def _row(silence: Silence, muting: Muting) -> Row:
    matchers = ", ".join(matcher.text for matcher in silence.matchers)
    return Row(silence, matchers, named(each.title for each in muting.held_by(silence)))


def _inhibited(muting: Muting) -> str:
    return named(_because(alert, muting) for alert in muting.inhibited)


def _because(alert: ListedAlert, muting: Muting) -> str:
    return f"{alert.title} (while {', '.join(muting.inhibitors_of(alert.fingerprint))} fires)"


def named(titles: Iterable[str]) -> str:
    """Return names in one line, and how many more there are."""
    names = sorted(titles)
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown
