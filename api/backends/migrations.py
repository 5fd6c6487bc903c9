"""Brings the database's schema up to date from the numbered files in `api/migrations/`."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncpg

logger = logging.getLogger(__name__)

DIRECTORY = Path(__file__).parent.parent / "migrations"

# Any number will do as long as nothing else in this database takes the same lock.
_LOCK = 0x6275726E

_CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationChanged(Exception):
    """The file of a migration changed after it was applied."""


@dataclass(frozen=True)
class Migration:
    """One numbered file of SQL statements."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """The digest that shows whether the file was edited."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(directory: Path = DIRECTORY) -> list[Migration]:
    """Return the migrations of a folder in the order of their numbers."""
    files = sorted(directory.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [Migration(int(f.name[:4]), f.stem[5:], f.read_text(encoding="utf-8")) for f in files]


async def migrate(
    connection: "asyncpg.Connection[Any]", migrations: Sequence[Migration]
) -> list[int]:
    """Apply what is missing, all or nothing, and return the numbers that were applied.

    Callers that come at the same time wait for each other: the lock is held until the
    transaction ends, whichever way it ends.

    Raises:
        MigrationChanged: a file differs from what was applied under its number.
    """
    async with connection.transaction():
        # Another worker may hold the lock for as long as its migrations take.
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK, timeout=300)
        await connection.execute(_CREATE_LEDGER)
        rows = await connection.fetch("SELECT number, checksum FROM schema_migrations")
        applied = {row["number"]: row["checksum"] for row in rows}
        return [m.number for m in migrations if await _apply(connection, m, applied)]


async def _apply(
    connection: "asyncpg.Connection[Any]", migration: Migration, applied: dict[int, str]
) -> bool:
    checksum = applied.get(migration.number)
    if checksum == migration.checksum:
        return False
    if checksum is not None:
        raise MigrationChanged(f"migration {migration.number:04} was edited after it was applied")
    await connection.execute(migration.sql, timeout=300)
    await connection.execute(
        "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)",
        migration.number,
        migration.name,
        migration.checksum,
    )
    logger.info("migration applied", extra={"migration": f"{migration.number:04}"})
    return True
