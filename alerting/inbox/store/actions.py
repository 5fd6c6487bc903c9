"""What people do to an episode: acknowledge it, take that back, or comment on it."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from alerting.inbox.store.episodes import Kind
from alerting.inbox.store.timestamps import to_micros
from alerting.inbox.store.transitions import Change, append


@dataclass(frozen=True, slots=True)
class Action:
    """One person's action; `kind` is one of acknowledged, unacknowledged and commented."""

    episode_id: int
    kind: Kind
    at: datetime
    author: str
    text: str


def apply(connection: sqlite3.Connection, action: Action) -> bool:
    """Store one action, in one transaction; False if there is no such episode.

    Acknowledging again what one has acknowledged changes nothing unless a comment comes with it.
    """
    connection.execute("BEGIN IMMEDIATE")
    row = connection.execute(
        "SELECT acknowledged_at, acknowledged_by FROM episodes WHERE id = ?", (action.episode_id,)
    ).fetchone()
    if row is not None and not _is_repeat(row[0] is not None, str(row[1]), action):
        _mark(connection, action)
        change = Change(
            action.episode_id, action.at, action.kind, author=action.author, text=action.text
        )
        append(connection, change)
    connection.execute("COMMIT")
    return row is not None


def _is_repeat(is_acknowledged: bool, by: str, action: Action) -> bool:
    if action.text:
        return False
    if action.kind is Kind.ACKNOWLEDGED:
        return is_acknowledged and by == action.author
    return action.kind is Kind.UNACKNOWLEDGED and not is_acknowledged


def _mark(connection: sqlite3.Connection, action: Action) -> None:
    if action.kind is Kind.COMMENTED:
        return
    is_acknowledged = action.kind is Kind.ACKNOWLEDGED
    connection.execute(
        "UPDATE episodes SET acknowledged_at = ?, acknowledged_by = ? WHERE id = ?",
        (
            to_micros(action.at) if is_acknowledged else None,
            action.author if is_acknowledged else "",
            action.episode_id,
        ),
    )
