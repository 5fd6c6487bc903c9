"""What changed an episode, whoever changed it: written here, and read back in order."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerting.inbox.store.episodes import Kind, State
from alerting.inbox.store.timestamps import from_micros, to_micros


@dataclass(frozen=True, slots=True)
class Change:
    """One change on its way into the store; times of the alert only where a delivery gave them."""

    episode_id: int
    at: datetime
    kind: Kind
    delivery_id: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    author: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class StoredChange:
    """One change with as much of its alert as a reader needs to decide whether to look."""

    id: int
    at: datetime
    kind: Kind
    episode_id: int
    state: State
    alertname: str
    severity: str
    service: str
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Range:
    """The ids there are: the oldest change that is kept, and the newest ever written."""

    oldest: int
    newest: int


def append(connection: sqlite3.Connection, change: Change) -> None:
    """Append one change, inside the caller's transaction."""
    connection.execute(
        """
        INSERT INTO transitions
            (episode_id, delivery_id, at, kind, starts_at, ends_at, author, text)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            change.episode_id,
            change.delivery_id,
            to_micros(change.at),
            change.kind,
            to_micros(change.starts_at),
            to_micros(change.ends_at),
            change.author,
            change.text,
        ),
    )


def changes_after(connection: sqlite3.Connection, after_id: int, limit: int) -> list[StoredChange]:
    """Return up to `limit` changes with a higher id, oldest first."""
    rows = connection.execute(
        """
        SELECT transitions.id, at, kind, episode_id, episodes.ends_at, alertname, severity, service,
               author, text
        FROM transitions JOIN episodes ON episodes.id = episode_id
        WHERE transitions.id > ? ORDER BY transitions.id LIMIT ?
        """,
        (after_id, limit),
    )
    return [_stored(row) for row in rows]


def range_of_changes(connection: sqlite3.Connection) -> Range:
    """Return which ids a reader can still ask for; both 0 in a new store."""
    (oldest,) = connection.execute("SELECT min(id) FROM transitions").fetchone()
    # Not max(id): retention may have deleted the newest, and ids never come again.
    row = connection.execute(
        "SELECT seq FROM sqlite_sequence WHERE name = 'transitions'"
    ).fetchone()
    newest = int(row[0]) if row else 0
    return Range(newest + 1 if oldest is None else int(oldest), newest)


def _stored(row: tuple[Any, ...]) -> StoredChange:
    return StoredChange(
        id=row[0],
        at=from_micros(row[1]),
        kind=Kind(row[2]),
        episode_id=row[3],
        state=State.FIRING if row[4] is None else State.RESOLVED,
        alertname=row[5],
        severity=row[6],
        service=row[7],
        author=row[8],
        text=row[9],
    )
