"""Reads alerts back from the store, and counts them."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from alerting.inbox.store.deliveries import WATCHDOG, WATCHDOG_SERVICE
from alerting.inbox.store.episodes import Kind, State
from alerting.inbox.store.timestamps import from_micros, to_micros


@dataclass(frozen=True, slots=True)
class Filter:
    """Which episodes to list; None takes all. `team` is the label that a team's settings give."""

    state: State | None = None
    severity: str | None = None
    service: str | None = None
    alertname: str | None = None
    team: str | None = None


@dataclass(frozen=True, slots=True)
class StoredEpisode:
    """One episode of an alert with what the deliveries said about it."""

    id: int
    receiver: str
    fingerprint: str
    state: State
    starts_at: datetime
    ends_at: datetime | None
    first_received_at: datetime
    last_received_at: datetime
    deliveries: int
    labels: dict[str, str]
    annotations: dict[str, str]
    generator_url: str
    is_stale: bool
    unconfirmed_since: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    incident_id: int | None


@dataclass(frozen=True, slots=True)
class StoredTransition:
    """One change of an episode; startsAt and endsAt as the delivery behind it gave them."""

    id: int
    at: datetime
    kind: Kind
    starts_at: datetime | None
    ends_at: datetime | None
    delivery_id: int | None
    alertmanager_url: str
    request_id: str
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What is in the store.

    Attributes:
        firing: How many alerts are open, by their severity label.
        watchdog_seen_at: When the watchdog was last delivered firing; None if it never was.
        stale: How many of the open ones Alertmanager no longer lists.
    """

    firing: Mapping[str, int]
    watchdog_seen_at: datetime | None
    stale: int = 0


_EPISODE: Final = """
    SELECT id, receiver, fingerprint, starts_at, ends_at, first_received_at, last_received_at,
           deliveries, labels, annotations, generator_url, is_stale, unconfirmed_since,
           acknowledged_at, acknowledged_by, incident_id
    FROM episodes
"""


def find_episodes(
    connection: sqlite3.Connection, wanted: Filter, before_id: int | None, limit: int
) -> list[StoredEpisode]:
    """Return up to `limit` episodes that match, newest first, below an id if one is given."""
    clauses: list[str] = []
    values: list[object] = []
    if wanted.state is not None:
        clauses.append("ends_at IS " + ("NULL" if wanted.state is State.FIRING else "NOT NULL"))
    for column in ("severity", "service", "alertname"):
        if (value := getattr(wanted, column)) is not None:
            clauses.append(f"{column} = ?")
            values.append(value)
    if wanted.team is not None:
        clauses.append("json_extract(labels, '$.team') = ?")
        values.append(wanted.team)
    if before_id is not None:
        clauses.append("id < ?")
        values.append(before_id)
    where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
    rows = connection.execute(f"{_EPISODE} {where} ORDER BY id DESC LIMIT ?", (*values, limit))
    return [_episode(row) for row in rows]


def find_where(
    connection: sqlite3.Connection, clause: str, values: tuple[object, ...]
) -> list[StoredEpisode]:
    """Return the episodes for which a clause of SQL is true, in its order."""
    return [_episode(row) for row in connection.execute(f"{_EPISODE} WHERE {clause}", values)]


def count_truncated(connection: sqlite3.Connection, since: datetime) -> int:
    """Return how many firing alerts Alertmanager left out of what it last sent of its groups."""
    (left_out,) = connection.execute(
        """
        SELECT coalesce(sum(truncated_alerts), 0) FROM deliveries
        WHERE status = 'firing' AND truncated_alerts > 0 AND id IN (
            SELECT max(id) FROM deliveries WHERE received_at >= ? GROUP BY receiver, group_key
        )
        """,
        (to_micros(since),),
    ).fetchone()
    return int(left_out)


def delivered_at(connection: sqlite3.Connection) -> datetime | None:
    """Return when the last delivery was stored; None if none was."""
    row = connection.execute(
        "SELECT received_at FROM deliveries ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else from_micros(int(row[0]))


def episodes_of(connection: sqlite3.Connection, incident_id: int) -> list[StoredEpisode]:
    """Return the episodes of an incident: what fires, pages first, then what has ended last."""
    rows = connection.execute(
        f"{_EPISODE} WHERE incident_id = ?"
        " ORDER BY ends_at IS NOT NULL, ends_at DESC, severity != 'page', id DESC",
        (incident_id,),
    )
    return [_episode(row) for row in rows]


def transitions_of(
    connection: sqlite3.Connection, incident_id: int, limit: int
) -> list[tuple[StoredTransition, int]]:
    """Return the newest transitions of an incident's episodes, each with its episode's id."""
    rows = connection.execute(
        """
        SELECT transitions.id, at, kind, transitions.starts_at, transitions.ends_at, delivery_id,
               '', '', author, text, episode_id
        FROM transitions JOIN episodes ON episodes.id = episode_id
        WHERE incident_id = ? ORDER BY transitions.id DESC LIMIT ?
        """,
        (incident_id, limit),
    )
    return [(_transition(row), int(row[10])) for row in rows]


def get_episode(
    connection: sqlite3.Connection, episode_id: int
) -> tuple[StoredEpisode, list[StoredTransition]] | None:
    """Return one episode with its transitions, oldest first; None if there is no such id."""
    row = connection.execute(f"{_EPISODE} WHERE id = ?", (episode_id,)).fetchone()
    if row is None:
        return None
    transitions = connection.execute(
        """
        SELECT transitions.id, at, kind, starts_at, ends_at, delivery_id,
               coalesce(external_url, ''), coalesce(request_id, ''), author, text
        FROM transitions LEFT JOIN deliveries ON deliveries.id = delivery_id
        WHERE episode_id = ? ORDER BY transitions.id
        """,
        (episode_id,),
    )
    return _episode(row), [_transition(row) for row in transitions]


def summarize(connection: sqlite3.Connection) -> Summary:
    """Count what is open."""
    firing = connection.execute(
        "SELECT severity, count(*) FROM episodes WHERE ends_at IS NULL GROUP BY severity"
    )
    counts = {str(severity): int(count) for severity, count in firing}
    (seen_at,) = connection.execute(
        "SELECT max(last_firing_received_at) FROM episodes WHERE alertname = ? AND service = ?",
        (WATCHDOG, WATCHDOG_SERVICE),
    ).fetchone()
    (stale,) = connection.execute(
        "SELECT count(*) FROM episodes WHERE ends_at IS NULL AND is_stale"
    ).fetchone()
    return Summary(counts, from_micros(seen_at), int(stale))


def _episode(row: tuple[Any, ...]) -> StoredEpisode:
    return StoredEpisode(
        id=row[0],
        receiver=row[1],
        fingerprint=row[2],
        state=State.FIRING if row[4] is None else State.RESOLVED,
        starts_at=from_micros(row[3]),
        ends_at=from_micros(row[4]),
        first_received_at=from_micros(row[5]),
        last_received_at=from_micros(row[6]),
        deliveries=row[7],
        labels=json.loads(row[8]),
        annotations=json.loads(row[9]),
        generator_url=row[10],
        is_stale=bool(row[11]),
        unconfirmed_since=from_micros(row[12]),
        acknowledged_at=from_micros(row[13]),
        acknowledged_by=row[14],
        incident_id=row[15],
    )


def _transition(row: tuple[Any, ...]) -> StoredTransition:
    return StoredTransition(
        id=row[0],
        at=from_micros(row[1]),
        kind=Kind(row[2]),
        starts_at=from_micros(row[3]),
        ends_at=from_micros(row[4]),
        delivery_id=row[5],
        alertmanager_url=row[6],
        request_id=row[7],
        author=row[8],
        text=row[9],
    )
