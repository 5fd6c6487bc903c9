"""Keyset pagination holds while others write."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from api.backends.migrations import read_migrations
from api.backends.postgres import Database
from api.posts.schemas import NewPost
from api.posts.store import PostStore
from api.settings import DatabaseSettings
from api.users.schemas import NewUser
from api.users.store import UserStore
from api.web.pagination import MAX_ID, decode_id, encode_id
from burnrate.telemetry import Telemetry
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Return one event loop for all examples: connections belong to theirs."""
    with asyncio.Runner() as runner:
        yield runner


@asynccontextmanager
async def _opened(postgres: PostgresServer, name: str) -> AsyncIterator[Database]:
    telemetry = Telemetry(CollectorRegistry(), "api", "test")
    database = Database(
        DatabaseSettings(host=postgres.host, port=postgres.port, name=name),
        pool_min=1,
        pool_max=2,
        migrations=read_migrations(),
        make_meter=lambda most, idle: telemetry.pool("postgres", max_connections=most, idle=idle),
    )
    async with database.running():
        yield database


async def _walk(store: PostStore, author_id: int, limits: list[int], written: list[int]) -> None:
    """Read every page while new posts come in and old ones go, and compare."""
    before = [post["id"] for post in await store.page(MAX_ID, 1_000)]
    read: list[int] = []
    deleted: set[int] = set()
    cursor: str | None = None
    for step in range(1_000):
        limit = limits[step % len(limits)]
        posts = await store.page(decode_id(cursor) if cursor else MAX_ID, limit)
        if not posts:
            break
        read += [post["id"] for post in posts]
        assert len(read) <= len(before), "more than there was"
        cursor = encode_id(posts[-1]["id"])
        for _ in range(written[step % len(written)]):
            await store.create(NewPost(author_id=author_id, title="new", body="new"))
        if step == 1 and len(read) < len(before):
            gone = before[-1]
            await store.delete(gone)
            deleted.add(gone)
    assert read == sorted(set(read), reverse=True), "twice, or out of order"
    # What was there all the time was read; the page that was read first may hold the deleted one.
    assert set(before) - deleted <= set(read) | deleted


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 30),
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    st.lists(st.integers(0, 2), min_size=1, max_size=3),
)
def test_pages_hold_every_row_once_whatever_is_written_meanwhile(
    runner: asyncio.Runner,
    postgres: PostgresServer,
    database: str,
    rows: int,
    limits: list[int],
    written: list[int],
) -> None:
    """No row twice, none left out, however the page size changes."""

    async def example() -> None:
        async with _opened(postgres, database) as opened:
            users, store = UserStore(opened), PostStore(opened)
            author = (await users.create(NewUser(name="A", email="a@example.org"))).value
            try:
                for _ in range(rows):
                    await store.create(NewPost(author_id=author.id, title="old", body="old"))
                await _walk(store, author.id, limits, written)
            finally:
                await users.delete(author.id)

    runner.run(example())
