"""What people do to an episode: they take it on, give it back, or write something beside it."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from alerting.inbox.store.episodes import Kind
from alerting.inbox.store.timestamps import to_micros
from alerting.inbox.store.transitions import Change, note


@dataclass(frozen=True, slots=True)
class Act:
    """One person's act; `kind` is one of acknowledged, unacknowledged and commented."""

    episode_id: int
    kind: Kind
    at: datetime
    author: str
    text: str


def act(connection: sqlite3.Connection, done: Act) -> bool:
    """Write one act down, in one transaction; False if there is no such episode.

    To take on what one has taken on already changes nothing unless it comes with words.
    """
    connection.execute("BEGIN IMMEDIATE")
    row = connection.execute(
        "SELECT acknowledged_at, acknowledged_by FROM episodes WHERE id = ?", (done.episode_id,)
    ).fetchone()
    if row is not None and not _is_repeat(row[0] is not None, str(row[1]), done):
        _mark(connection, done)
        change = Change(done.episode_id, done.at, done.kind, author=done.author, text=done.text)
        note(connection, change)
    connection.execute("COMMIT")
    return row is not None


def _is_repeat(is_acknowledged: bool, by: str, done: Act) -> bool:
    if done.text:
        return False
    if done.kind is Kind.ACKNOWLEDGED:
        return is_acknowledged and by == done.author
    return done.kind is Kind.UNACKNOWLEDGED and not is_acknowledged


def _mark(connection: sqlite3.Connection, done: Act) -> None:
    if done.kind is Kind.COMMENTED:
        return
    is_taken = done.kind is Kind.ACKNOWLEDGED
    connection.execute(
        "UPDATE episodes SET acknowledged_at = ?, acknowledged_by = ? WHERE id = ?",
        (
            to_micros(done.at) if is_taken else None,
            done.author if is_taken else "",
            done.episode_id,
        ),
    )
