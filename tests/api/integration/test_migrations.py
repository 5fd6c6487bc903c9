"""Migrations: once, all or nothing, whoever starts at the same time."""

import asyncio
from dataclasses import replace
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from api.backends.migrations import Migration, MigrationChanged, migrate, read_migrations
from tests.servers.postgres import PostgresServer

# asyncpg's classes take no parameters at run time.
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def _connect(postgres: PostgresServer, count: int) -> list[Connection]:
    name = f"test_{uuid4().hex}"
    await postgres.create_database(name)
    return [await postgres.connect(name, user="burnrate") for _ in range(count)]


async def _close(connections: list[Connection]) -> None:
    for connection in connections:
        await connection.close()


def test_ten_at_once_migrate_once(postgres: PostgresServer) -> None:
    """The others wait and find nothing left to do."""

    async def scenario() -> None:
        connections = await _connect(postgres, 10)
        applied = await asyncio.gather(*(migrate(each, read_migrations()) for each in connections))
        assert sorted(map(len, applied)) == [0] * 9 + [len(read_migrations())]
        await _close(connections)

    asyncio.run(scenario())


def test_numbers_are_in_order_without_gaps() -> None:
    """Two people who both add number 7 find out here."""
    numbers = [migration.number for migration in read_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_migration_that_was_edited_is_refused(postgres: PostgresServer) -> None:
    """What one database has would not be what the next one gets."""

    async def scenario() -> None:
        connections = await _connect(postgres, 1)
        first, *rest = read_migrations()
        await migrate(connections[0], [first])
        edited = replace(first, sql=f"{first.sql} -- better")
        with pytest.raises(MigrationChanged, match="0001"):
            await migrate(connections[0], [edited, *rest])
        await _close(connections)

    asyncio.run(scenario())


def test_migration_that_fails_leaves_nothing_and_can_be_repeated(postgres: PostgresServer) -> None:
    """Not even the ones before it of the same start."""
    good = Migration(1, "good", "CREATE TABLE good (id int)")
    bad = Migration(2, "bad", "CREATE TABLE bad (id int); SELECT 1 / 0")

    async def scenario() -> None:
        connections = await _connect(postgres, 1)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await migrate(connections[0], [good, bad])
        tables = await connections[0].fetch("SELECT 1 FROM pg_tables WHERE tablename = 'good'")
        assert tables == []
        assert await migrate(connections[0], [good, replace(bad, sql="SELECT 1")]) == [1, 2]
        await _close(connections)

    asyncio.run(scenario())
