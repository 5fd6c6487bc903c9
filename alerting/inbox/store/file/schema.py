"""The tables of the inbox's SQLite file, and how an older file becomes a newer one.

Times are integers, microseconds since the epoch in UTC: exact, comparable, indexable.

- deliveries: what arrived, append-only; bodies holds each distinct body once, because
  Alertmanager repeats itself.
- episodes: for each (receiver, fingerprint) its stretches of firing, the latest last. At most one
  is open.
- incidents: what belongs together for whoever is on call, and incident_notes, what they said.
- transitions: what changed an episode, append-only: a delivery, a poll of Alertmanager, or a
  person. Its ids only grow, also after rows are deleted, so a reader can ask for "everything
  after".
"""

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from alerting.inbox.errors import SchemaTooNewError
from alerting.inbox.store.incidents import back_fill

BackFill = Callable[[sqlite3.Connection, Sequence[str]], None]

# Migration N brings a file from version N to N + 1. Released ones never change.
_MIGRATIONS: tuple[tuple[str | BackFill, ...], ...] = (
    (
        """
        CREATE TABLE bodies (
            id INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            body TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE deliveries (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            received_at INTEGER NOT NULL,
            request_id TEXT NOT NULL,
            receiver TEXT NOT NULL,
            group_key TEXT NOT NULL,
            status TEXT NOT NULL,
            external_url TEXT NOT NULL,
            alerts INTEGER NOT NULL,
            truncated_alerts INTEGER NOT NULL,
            body_id INTEGER NOT NULL REFERENCES bodies (id)
        )
        """,
        """
        CREATE TABLE episodes (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            receiver TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            starts_at INTEGER NOT NULL,
            newest_start_at INTEGER NOT NULL,
            ends_at INTEGER,
            resolved_before INTEGER,
            first_received_at INTEGER NOT NULL,
            last_received_at INTEGER NOT NULL,
            last_firing_received_at INTEGER,
            deliveries INTEGER NOT NULL,
            alertname TEXT NOT NULL,
            severity TEXT NOT NULL,
            service TEXT NOT NULL,
            labels TEXT NOT NULL,
            annotations TEXT NOT NULL,
            generator_url TEXT NOT NULL
        )
        """,
        # Two writers by mistake must fail loudly and not split an alert in two.
        """
        CREATE UNIQUE INDEX episodes_open ON episodes (receiver, fingerprint)
        WHERE ends_at IS NULL
        """,
        "CREATE INDEX episodes_alert ON episodes (receiver, fingerprint)",
        "CREATE INDEX episodes_alertname ON episodes (alertname)",
        "CREATE INDEX episodes_service ON episodes (service)",
        "CREATE INDEX episodes_severity ON episodes (severity)",
        """
        CREATE TABLE transitions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            episode_id INTEGER NOT NULL REFERENCES episodes (id),
            delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            starts_at INTEGER NOT NULL,
            ends_at INTEGER
        )
        """,
        "CREATE INDEX transitions_episode ON transitions (episode_id)",
        """
        CREATE TRIGGER deliveries_append_only BEFORE UPDATE ON deliveries
        BEGIN SELECT RAISE(ABORT, 'deliveries are append-only'); END
        """,
        """
        CREATE TRIGGER transitions_append_only BEFORE UPDATE ON transitions
        BEGIN SELECT RAISE(ABORT, 'transitions are append-only'); END
        """,
        # What readiness writes and reads back.
        "CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL)",
    ),
    (
        # Since when polls of Alertmanager do not find it any more, while it should fire.
        "ALTER TABLE episodes ADD COLUMN unconfirmed_since INTEGER",
        "ALTER TABLE episodes ADD COLUMN is_stale INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE episodes ADD COLUMN acknowledged_at INTEGER",
        "ALTER TABLE episodes ADD COLUMN acknowledged_by TEXT NOT NULL DEFAULT ''",
        # SQLite cannot make a column nullable in place: not every change has a delivery now.
        """
        CREATE TABLE transitions_2 (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            episode_id INTEGER NOT NULL REFERENCES episodes (id),
            delivery_id INTEGER REFERENCES deliveries (id),
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            starts_at INTEGER,
            ends_at INTEGER,
            author TEXT NOT NULL DEFAULT '',
            text TEXT NOT NULL DEFAULT ''
        )
        """,
        """
        INSERT INTO transitions_2 (id, episode_id, delivery_id, at, kind, starts_at, ends_at)
        SELECT id, episode_id, delivery_id, at, kind, starts_at, ends_at FROM transitions
        """,
        "DROP TABLE transitions",
        "ALTER TABLE transitions_2 RENAME TO transitions",
        "CREATE INDEX transitions_episode ON transitions (episode_id)",
        """
        CREATE TRIGGER transitions_append_only BEFORE UPDATE ON transitions
        BEGIN SELECT RAISE(ABORT, 'transitions are append-only'); END
        """,
        # What retention asks by, and what the foreign keys are checked by when it deletes.
        "CREATE INDEX transitions_delivery ON transitions (delivery_id)",
        "CREATE INDEX deliveries_received_at ON deliveries (received_at)",
        "CREATE INDEX deliveries_body ON deliveries (body_id)",
        "CREATE INDEX episodes_ends_at ON episodes (ends_at)",
    ),
    (
        """
        CREATE TABLE incidents (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            identity TEXT NOT NULL,
            owner TEXT NOT NULL DEFAULT '',
            said_at INTEGER
        )
        """,
        "CREATE INDEX incidents_identity ON incidents (identity)",
        """
        CREATE TABLE incident_notes (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            incident_id INTEGER NOT NULL REFERENCES incidents (id),
            at INTEGER NOT NULL,
            word TEXT NOT NULL,
            author TEXT NOT NULL,
            text TEXT NOT NULL
        )
        """,
        "CREATE INDEX incident_notes_incident ON incident_notes (incident_id)",
        """
        CREATE TRIGGER incident_notes_append_only BEFORE UPDATE ON incident_notes
        BEGIN SELECT RAISE(ABORT, 'incident_notes are append-only'); END
        """,
        "ALTER TABLE episodes ADD COLUMN incident_id INTEGER REFERENCES incidents (id)",
        "CREATE INDEX episodes_incident ON episodes (incident_id)",
        back_fill,
    ),
    (
        # Each new alert asks whether its incident goes on: five thousand alerts at once took
        # five thousand times as many steps.
        "CREATE INDEX episodes_incident_end ON episodes (incident_id, ends_at)",
        "DROP INDEX episodes_incident",
    ),
)


def migrate(connection: sqlite3.Connection, identity: Sequence[str] = ("service",)) -> None:
    """Bring the file to the newest schema, in one transaction.

    Args:
        connection: The writer's.
        identity: The labels that together name a service, for what is filled in afterwards.

    Raises:
        SchemaTooNewError: a newer inbox wrote it.
    """
    version = _version(connection)
    if version == len(_MIGRATIONS):
        return
    _refuse_newer(version)
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Asked again under the lock: another process may have been faster.
        for migration in _MIGRATIONS[_version(connection) :]:
            for statement in migration:
                if isinstance(statement, str):
                    connection.execute(statement)
                else:
                    statement(connection, identity)
        connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def check_version(path: Path) -> None:
    """Look at a file, if there is one that can be read, without changing it.

    Raises:
        SchemaTooNewError: a newer inbox wrote it.
    """
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        with contextlib.closing(connection):
            _refuse_newer(_version(connection))


def _refuse_newer(version: int) -> None:
    if version > len(_MIGRATIONS):
        raise SchemaTooNewError(
            f"the store has schema {version}, this inbox knows {len(_MIGRATIONS)}"
        )


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
