"""Opens what fires at Alertmanager and never arrived.

A notification can be lost for hours: one that is answered 4xx is given up until its group's next
flush, and then refused again, with every healthy alert that is in the group; one that somebody
else took for us, or that a store kept that is gone now, comes again after repeat_interval. Its
alerts are on Alertmanager's list all the time.

An alert is opened only for a receiver that has delivered here before, if to a store that is lost
since: where the others lead to is not ours to know. It is waited for first, since Alertmanager
itself holds alerts back to group them; and a delivery that comes late is a repeat.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerting.inbox.store.deliveries import Alert
from alerting.inbox.store.episodes import Kind, Sighting, State, advance
from alerting.inbox.store.journal import insert_episode, latest_episode
from alerting.inbox.store.transitions import Change, append

AlertKey = tuple[str, str]  # receiver and fingerprint


@dataclass(frozen=True, slots=True)
class ActiveAlert:
    """An alert that Alertmanager holds as active, and the receivers it is for."""

    alert: Alert
    receivers: tuple[str, ...]


def find_receivers(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the receivers that have delivered to this store."""
    found = connection.execute("SELECT DISTINCT receiver FROM episodes")
    return frozenset(str(name) for (name,) in found)


def find_missing(
    connection: sqlite3.Connection,
    active: Iterable[ActiveAlert],
    ours: Collection[str],
    listed_at: datetime,
) -> dict[AlertKey, Alert]:
    """Return what Alertmanager lists for a receiver of ours and is not open here.

    What was delivered after the list was made, at `listed_at`, is not missing.
    """
    return {
        (receiver, listed.alert.fingerprint): listed.alert
        for listed in active
        for receiver in listed.receivers
        if receiver in ours and _is_missing(connection, receiver, listed.alert, listed_at)
    }


def open_missing(
    connection: sqlite3.Connection,
    missing: Mapping[AlertKey, Alert],
    listed_at: datetime,
    identity: Sequence[str],
) -> None:
    """Open what is missing, inside the caller's transaction."""
    for (receiver, fingerprint), alert in missing.items():
        latest = latest_episode(connection, receiver, fingerprint)
        seen = Sighting(State.FIRING, alert.starts_at, None, listed_at)
        step = advance(latest.episode if latest else None, seen)
        episode_id = insert_episode(connection, receiver, alert, step.episode, listed_at, identity)
        change = Change(episode_id, listed_at, Kind.FOUND, starts_at=alert.starts_at)
        append(connection, change)


def _is_missing(
    connection: sqlite3.Connection, receiver: str, alert: Alert, listed_at: datetime
) -> bool:
    latest = latest_episode(connection, receiver, alert.fingerprint)
    if latest is None:
        return True
    # What was delivered after the list was made knows better.
    return latest.episode.ends_at is not None and latest.last_received_at < listed_at
