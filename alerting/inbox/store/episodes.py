"""How one alert moves between firing and resolved: a pure state machine, no clock, no store.

An alert is a (receiver, fingerprint); its life is a row of episodes, of which the latest may be
open. Fingerprint, startsAt and status together are no key of an episode: Alertmanager really
sends firing(T1), resolved(T1), firing(T1), which is two episodes; startsAt can move backwards
while an alert fires; and two Alertmanagers of one highly available pair each send everything,
in any order. Nothing here depends on which of them spoke.

Where two readings are possible the one that keeps an alert open wins: an alert that is shown
and over costs a glance, an alert that is hidden and alive costs an outage.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """What an episode is, and what a sighting says the alert is."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Kind(StrEnum):
    """What changed in a transition."""

    OPENED = "opened"
    REOPENED = "reopened"  # fires again after an episode that was closed
    STARTED_EARLIER = "started_earlier"  # startsAt moved backwards
    CLOSED = "closed"
    CLOSED_UNSEEN = "closed_unseen"  # a resolve of an episode whose firing never arrived
    ENDED_LATER = "ended_later"  # another resolve of the closed episode, with a later end
    RESOLVED_BEFORE = "resolved_before"  # a late resolve from before the open episode
    # By polling Alertmanager.
    STALE = "stale"  # it is open, and Alertmanager does not list it
    CONFIRMED = "confirmed"  # it was stale, and is listed or was delivered again
    CLOSED_UNCONFIRMED = "closed_unconfirmed"  # not listed for so long that the resolve was lost
    FOUND = "found"  # it is listed, and its notification never arrived
    # By asking Prometheus.
    CLOSED_UNHEARD = "closed_unheard"  # it ended while it was held back, which nobody tells
    # By people.
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    COMMENTED = "commented"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One alert as one delivery reports it."""

    state: State
    starts_at: datetime
    ends_at: datetime | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Episode:
    """One stretch of firing; open while it has no end."""

    starts_at: datetime
    # startsAt of the newest firing in it: a resolve that ended before is not about that firing.
    newest_start_at: datetime
    ends_at: datetime | None = None
    # The end of the newest resolve that is already accounted for and did not close this episode.
    resolved_before: datetime | None = None

    @property
    def state(self) -> State:
        """Firing while the episode is open."""
        return State.FIRING if self.ends_at is None else State.RESOLVED


@dataclass(frozen=True, slots=True)
class Step:
    """The alert's latest episode after a sighting, and what changed; no kind, no change."""

    episode: Episode
    kind: Kind | None = None
    is_new_episode: bool = False


def advance(latest: Episode | None, seen: Sighting) -> Step:
    """Take one sighting into account.

    `latest` is the alert's latest episode, None if it was never seen. A repeat of the last sighting
    never changes anything.
    """
    if seen.state is State.FIRING:
        return _fire(latest, seen)
    if latest is None:
        return Step(_closed(seen), Kind.CLOSED_UNSEEN, is_new_episode=True)
    if latest.ends_at is None:
        return _resolve_open(latest, seen)
    return _resolve_closed(latest, latest.ends_at, seen)


def _fire(latest: Episode | None, seen: Sighting) -> Step:
    if latest is None:
        return Step(Episode(seen.starts_at, seen.starts_at), Kind.OPENED, is_new_episode=True)
    if latest.ends_at is not None:
        # Also when it starts before that end: a late stale firing cannot be told from a new one.
        opened = Episode(seen.starts_at, seen.starts_at, resolved_before=latest.ends_at)
        return Step(opened, Kind.REOPENED, is_new_episode=True)
    episode = replace(
        latest,
        starts_at=min(latest.starts_at, seen.starts_at),
        newest_start_at=max(latest.newest_start_at, seen.starts_at),
    )
    moved = seen.starts_at < latest.starts_at
    return Step(episode, Kind.STARTED_EARLIER if moved else None)


def _resolve_open(latest: Episode, seen: Sighting) -> Step:
    ended = seen.ends_at or seen.received_at
    known = latest.resolved_before
    if seen.starts_at < latest.newest_start_at and ended <= latest.newest_start_at:
        # Its firing began after this end, so it is alive whatever this resolve says.
        if known is not None and ended <= known:
            return Step(latest)
        return Step(replace(latest, resolved_before=ended), Kind.RESOLVED_BEFORE)
    if ended == known:
        # The resolve that closed the episode before, once more: the twin's copy, or one that
        # was under way when Alertmanager gave up on it and sent the next.
        return Step(latest)
    starts_at = min(latest.starts_at, seen.starts_at)
    return Step(replace(latest, starts_at=starts_at, ends_at=ended), Kind.CLOSED)


def _resolve_closed(latest: Episode, latest_end: datetime, seen: Sighting) -> Step:
    if seen.ends_at is None or seen.ends_at <= latest_end:
        return Step(latest)
    if seen.starts_at > latest_end:
        return Step(_closed(seen), Kind.CLOSED_UNSEEN, is_new_episode=True)
    starts_at = min(latest.starts_at, seen.starts_at)
    return Step(replace(latest, starts_at=starts_at, ends_at=seen.ends_at), Kind.ENDED_LATER)


def _closed(seen: Sighting) -> Episode:
    return Episode(seen.starts_at, seen.starts_at, ends_at=seen.ends_at or seen.received_at)
