"""What ends while Alertmanager holds it back: nobody tells of that end, so it is asked for."""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime

from alerting.inbox.store.episodes import Kind
from alerting.inbox.store.timestamps import to_micros
from alerting.inbox.store.transitions import Change, append

_OPEN = """
    FROM episodes WHERE ends_at IS NULL
    AND fingerprint IN (SELECT value FROM json_each(?))
"""


def open_labels(
    connection: sqlite3.Connection, fingerprints: Collection[str]
) -> dict[str, dict[str, str]]:
    """Return the labels of those of these alerts that are open."""
    rows = connection.execute(
        f"SELECT fingerprint, labels {_OPEN}",
        (json.dumps(list(fingerprints)),),
    )
    return {fingerprint: json.loads(labels) for fingerprint, labels in rows}


def close(connection: sqlite3.Connection, fingerprints: Collection[str], at: datetime) -> int:
    """Close those of these alerts that are open, in one transaction; returns how many."""
    connection.execute("BEGIN IMMEDIATE")
    rows = connection.execute(
        f"SELECT id {_OPEN}",
        (json.dumps(list(fingerprints)),),
    ).fetchall()
    for (episode_id,) in rows:
        connection.execute(
            "UPDATE episodes SET ends_at = ?, is_stale = 0 WHERE id = ?",
            (to_micros(at), episode_id),
        )
        append(connection, Change(episode_id, at, Kind.CLOSED_UNHEARD, ends_at=at))
    connection.execute("COMMIT")
    return len(rows)
