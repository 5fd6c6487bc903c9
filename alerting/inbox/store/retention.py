"""Deletes what is older than anybody wants to look back, a batch at a time."""

import sqlite3
from datetime import datetime
from typing import Final

from alerting.inbox.store.incidents import prune_incidents
from alerting.inbox.store.timestamps import to_micros

# One transaction of this many rows takes milliseconds, so a delivery never waits long behind it.
BATCH = 500
# What is free is used again: only a file that is mostly air is made smaller.
_FREE_PART: Final = 0.25
_FREE_PAGES: Final = 1_000
# Some ten milliseconds.
_PAGES_AT_ONCE: Final = 2_000
_INCREMENTAL: Final = 2


def prune(connection: sqlite3.Connection, before: datetime) -> int:
    """Delete up to a batch of episodes and of deliveries; returns how many rows, 0 when done.

    An open episode is kept however old it is, with its whole timeline and the deliveries in it.
    """
    cutoff = to_micros(before)
    connection.execute("BEGIN IMMEDIATE")
    episodes = """
        SELECT id FROM episodes WHERE ends_at < :cutoff AND last_received_at < :cutoff
        AND coalesce((SELECT max(at) FROM transitions WHERE episode_id = episodes.id), 0) < :cutoff
        ORDER BY id LIMIT :batch
    """
    values = {"cutoff": cutoff, "batch": BATCH}
    ids = [(int(row[0]),) for row in connection.execute(episodes, values)]
    connection.executemany("DELETE FROM transitions WHERE episode_id = ?", ids)
    connection.executemany("DELETE FROM episodes WHERE id = ?", ids)
    if ids:
        prune_incidents(connection)
    cursor = connection.execute(
        """
        DELETE FROM deliveries WHERE id IN (
            SELECT id FROM deliveries WHERE received_at < :cutoff
            AND NOT EXISTS (SELECT 1 FROM transitions WHERE delivery_id = deliveries.id)
            LIMIT :batch
        )
        """,
        values,
    )
    deleted = len(ids) + cursor.rowcount
    if cursor.rowcount:
        connection.execute(
            """
            DELETE FROM bodies
            WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE body_id = bodies.id)
            """
        )
    connection.execute("COMMIT")
    return deleted


def shrink(connection: sqlite3.Connection) -> bool:
    """Give some of the file's free space back; False when there is little of it.

    A file from before this was possible is written anew once, about a second for 100 MB.
    """
    free, pages, mode = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("freelist_count", "page_count", "auto_vacuum")
    )
    if free < max(_FREE_PAGES, _FREE_PART * pages):
        return False
    if mode == _INCREMENTAL:
        connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
    else:
        connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
        connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return True
