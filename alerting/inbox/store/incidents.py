"""Incidents: all alerts of one service, from its first until ten quiet minutes after its last."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from alerting.inbox.store.deliveries import WATCHDOG
from alerting.inbox.store.timestamps import from_micros, to_micros

# Who was paged has hardly put the phone away: what fires within this belongs to it.
QUIET: Final = timedelta(minutes=10)
# Somebody who is on it says a word now and then, or is not on it any more.
ON_IT: Final = timedelta(minutes=60)


class Word(StrEnum):
    """What people say about an incident."""

    ON_IT = "on_it"
    RELEASED = "released"
    COMMENTED = "commented"


@dataclass(frozen=True, slots=True)
class IncidentAction:
    """One person's word about an incident."""

    incident_id: int
    word: Word
    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """The same, as it is stored."""

    at: datetime
    word: Word
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class StoredIncident:
    """One incident.

    Attributes:
        identity: The labels that name its service.
        started_at: When its first alert began to fire.
        ended_at: When its last one ended; None while one fires.
        alerts: How many there have been.
        pages: How many pages fire now.
        others: How many others do.
        paged: How many pages there have been.
        joined_at: When the newest alert arrived.
        owner: Who last said to be on it; empty for nobody.
        said_at: When that person, or anybody since, last said a word.
    """

    id: int
    identity: dict[str, str]
    started_at: datetime
    ended_at: datetime | None
    alerts: int
    pages: int
    others: int
    joined_at: datetime
    owner: str
    said_at: datetime | None
    paged: int = 0

    @property
    def title(self) -> str:
        """Its service, as people read it."""
        return " ".join(value for value in self.identity.values() if value) or "no service"

    def is_owned(self, now: datetime) -> bool:
        """Whether somebody is on it: has said so, not long ago, and knows all of its alerts."""
        if self.said_at is None:
            return False
        return now - self.said_at < ON_IT and self.joined_at <= self.said_at


def key_of(labels: Mapping[str, str], identity: Sequence[str]) -> str:
    """Return what alerts of one incident have in common, as it is stored."""
    return json.dumps({name: labels.get(name, "") for name in identity}, ensure_ascii=False)


def incident_of(
    connection: sqlite3.Connection,
    labels: Mapping[str, str],
    identity: Sequence[str],
    at: datetime,
) -> int | None:
    """Return the incident that a new episode belongs to, which it may begin; None for the watchdog.

    Inside the caller's transaction.

    Args:
        connection: In a transaction.
        labels: The alert's.
        identity: The labels that together name a service.
        at: When it arrived.
    """
    if labels.get("alertname") == WATCHDOG:
        return None
    key = key_of(labels, identity)
    (latest,) = connection.execute(
        "SELECT max(id) FROM incidents WHERE identity = ?", (key,)
    ).fetchone()
    if latest is not None and _goes_on(connection, int(latest), at):
        return int(latest)
    cursor = connection.execute("INSERT INTO incidents (identity) VALUES (?)", (key,))
    return int(cursor.lastrowid or 0)


def _goes_on(connection: sqlite3.Connection, incident_id: int, at: datetime) -> bool:
    """Whether an incident is not over, or has not been for long; however many alerts it has."""
    fires, last = connection.execute(
        """
        SELECT EXISTS (SELECT 1 FROM episodes WHERE incident_id = :id AND ends_at IS NULL),
               (SELECT max(ends_at) FROM episodes WHERE incident_id = :id)
        """,
        {"id": incident_id},
    ).fetchone()
    return bool(fires) or (last is not None and at - from_micros(int(last)) < QUIET)


def back_fill(connection: sqlite3.Connection, identity: Sequence[str]) -> None:
    """Give the episodes of an older file their incidents, in the order in which they arrived."""
    latest: dict[str, tuple[int, datetime | None]] = {}
    rows = connection.execute(
        "SELECT id, labels, first_received_at, ends_at, alertname FROM episodes ORDER BY id"
    ).fetchall()
    for episode_id, labels, received_at, ends_at, alertname in rows:
        if alertname == WATCHDOG:
            continue
        key = key_of(json.loads(labels), identity)
        at, end = from_micros(received_at), from_micros(ends_at)
        incident, last = latest.get(key, (0, datetime.min.replace(tzinfo=at.tzinfo)))
        if last is not None and at - last >= QUIET:
            cursor = connection.execute("INSERT INTO incidents (identity) VALUES (?)", (key,))
            incident = int(cursor.lastrowid or 0)
            last = end
        latest[key] = incident, None if last is None or end is None else max(last, end)
        connection.execute(
            "UPDATE episodes SET incident_id = ? WHERE id = ?", (incident, episode_id)
        )


def apply_to_incident(connection: sqlite3.Connection, action: IncidentAction) -> bool:
    """Store what somebody said, in one transaction; False if there is no such incident."""
    connection.execute("BEGIN IMMEDIATE")
    row = connection.execute(
        "SELECT owner, said_at FROM incidents WHERE id = ?", (action.incident_id,)
    ).fetchone()
    if row is not None:
        owner, said_at = _owner_after(action, str(row[0]), from_micros(row[1]))
        connection.execute(
            "UPDATE incidents SET owner = ?, said_at = ? WHERE id = ?",
            (owner, to_micros(said_at), action.incident_id),
        )
        connection.execute(
            "INSERT INTO incident_notes (incident_id, at, word, author, text)"
            " VALUES (?, ?, ?, ?, ?)",
            (action.incident_id, to_micros(action.at), action.word, action.author, action.text),
        )
    connection.execute("COMMIT")
    return row is not None


def _owner_after(
    action: IncidentAction, owner: str, said_at: datetime | None
) -> tuple[str, datetime | None]:
    match action.word:
        case Word.ON_IT:
            return action.author or "somebody", action.at
        case Word.RELEASED:
            return "", None
        case Word.COMMENTED:
            return owner, action.at if said_at is not None else None


_INCIDENT: Final = """
    SELECT incidents.id, identity, min(starts_at), max(ends_at), count(*),
           sum(ends_at IS NULL AND severity = 'page'),
           sum(ends_at IS NULL AND severity != 'page'),
           max(first_received_at), owner, said_at, sum(severity = 'page')
    FROM incidents JOIN episodes ON incident_id = incidents.id
"""


def find_open(connection: sqlite3.Connection) -> list[StoredIncident]:
    """Return the incidents in which something fires, the newest first."""
    firing = "incidents.id IN (SELECT incident_id FROM episodes WHERE ends_at IS NULL)"
    rows = connection.execute(
        f"{_INCIDENT} WHERE {firing} GROUP BY incidents.id ORDER BY incidents.id DESC"
    )
    return [_incident(row) for row in rows]


def find_incidents(
    connection: sqlite3.Connection,
    before_id: int | None,
    limit: int,
    identity: Mapping[str, str] | None = None,
    condition: tuple[str, Sequence[object]] = ("", ()),
) -> list[StoredIncident]:
    """Return up to `limit` incidents, the newest first.

    Args:
        connection: To read with.
        before_id: Below which id; None for the newest.
        limit: How many.
        identity: Labels that their services have; None for all.
        condition: A clause of SQL about `incidents.id`, behind an AND, and its values.
    """
    label = " AND json_extract(identity, '$.' || json_quote(?)) = ?"
    wanted = label * len(identity or {})
    clause, chosen = condition
    rows = connection.execute(
        f"{_INCIDENT} WHERE incidents.id < ?{wanted}{clause} GROUP BY incidents.id"
        " ORDER BY incidents.id DESC LIMIT ?",
        (
            2**63 - 1 if before_id is None else before_id,
            *(text for pair in (identity or {}).items() for text in pair),
            *chosen,
            limit,
        ),
    )
    return [_incident(row) for row in rows]


def latest_incident(connection: sqlite3.Connection, service: str) -> int | None:
    """Return a service's newest incident; None if it has had none.

    Args:
        connection: To read with.
        service: The value of the label `service`.
    """
    row = connection.execute(
        "SELECT max(incident_id) FROM episodes WHERE service = ?", (service,)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def get_incident(connection: sqlite3.Connection, incident_id: int) -> StoredIncident | None:
    """Return one incident; None if there is no such id."""
    row = connection.execute(
        f"{_INCIDENT} WHERE incidents.id = ? GROUP BY incidents.id", (incident_id,)
    ).fetchone()
    return None if row is None else _incident(row)


def notes_of(connection: sqlite3.Connection, incident_id: int) -> list[Note]:
    """Return what people said about an incident, oldest first."""
    rows = connection.execute(
        "SELECT at, word, author, text FROM incident_notes WHERE incident_id = ? ORDER BY id",
        (incident_id,),
    )
    return [Note(from_micros(at), Word(word), author, text) for at, word, author, text in rows]


def prune_incidents(connection: sqlite3.Connection) -> None:
    """Delete the incidents that have no episode left, inside the caller's transaction."""
    gone = connection.execute(
        """
        SELECT id FROM incidents
        WHERE NOT EXISTS (SELECT 1 FROM episodes WHERE incident_id = incidents.id)
        """
    ).fetchall()
    connection.executemany("DELETE FROM incident_notes WHERE incident_id = ?", gone)
    connection.executemany("DELETE FROM incidents WHERE id = ?", gone)


def _incident(row: tuple[Any, ...]) -> StoredIncident:
    is_firing = row[5] + row[6] > 0
    return StoredIncident(
        id=row[0],
        identity=json.loads(row[1]),
        started_at=from_micros(row[2]),
        ended_at=None if is_firing else from_micros(row[3]),
        alerts=row[4],
        pages=row[5],
        others=row[6],
        joined_at=from_micros(row[7]),
        owner=row[8],
        said_at=from_micros(row[9]),
        paged=row[10],
    )
