"""The store by itself: what it promises when the file fails it."""

import asyncio
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerting.inbox.errors import SchemaTooNewError, StoreUnavailableError
from alerting.inbox.store.deliveries import Delivery
from alerting.inbox.store.file import connection as connections
from alerting.inbox.store.file.connection import ConnectionThread
from alerting.inbox.store.journal import record
from alerting.inbox.store.listing import Filter
from alerting.inbox.store.store import Store
from alerting.inbox.store.timestamps import from_micros, to_micros
from alerting.inbox.web.delivery.payload import parse
from tests.alerting.bodies import a_body, an_alert
from tests.alerting.open_store import with_store
from tests.support.waiting import PATIENCE_SECONDS, wait_until_async

_NOON = datetime(2026, 11, 24, 12, 0, 0, 1, UTC)


def _delivery(body: bytes) -> Delivery:
    payload, kept = parse(body)
    return payload.delivery(kept, _NOON, "request")


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    """Episodes, their state and the summary are the same in the next process."""
    path = tmp_path / "inbox.sqlite3"

    async def first(store: Store) -> object:
        return (await store.record(_delivery(a_body(an_alert("f1"), an_alert("f2"))))).summary

    summary = with_store(path, first)

    async def second(store: Store) -> None:
        assert await store.summarize() == summary
        assert (await store.record(_delivery(a_body(an_alert("f1"))))).transitions == 0
        assert [episode.id for episode in await store.find(Filter(), None, 10)] == [2, 1]

    with_store(path, second)


def test_commits_reach_the_disk(tmp_path: Path) -> None:
    """WAL with full synchronisation, as the writer's own connection reports it."""

    async def pragmas(thread: ConnectionThread) -> list[object]:
        def ask(connection: sqlite3.Connection) -> list[object]:
            names = ("journal_mode", "synchronous", "foreign_keys")
            return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

        try:
            return await thread.run(ask)
        finally:
            await thread.close()

    thread = ConnectionThread(
        tmp_path / "inbox.sqlite3", is_writer=True, timeout_seconds=PATIENCE_SECONDS
    )
    assert asyncio.run(pragmas(thread)) == ["wal", 2, 1]


def test_a_full_disk_keeps_nothing_of_a_delivery(tmp_path: Path) -> None:
    """The whole transaction is undone, and a smaller delivery still fits afterwards."""

    async def run() -> None:
        thread = ConnectionThread(
            tmp_path / "inbox.sqlite3", is_writer=True, timeout_seconds=PATIENCE_SECONDS
        )

        def fill(connection: sqlite3.Connection) -> None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 5}")
            large = an_alert("f2", annotations={"text": "x" * 16_000})
            record(connection, _delivery(a_body(an_alert("f1"), large, large)))

        def count(connection: sqlite3.Connection) -> list[int]:
            tables = ("bodies", "deliveries", "episodes", "transitions")
            return [
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
                for table in tables
            ]

        with pytest.raises(StoreUnavailableError, match="full"):
            await thread.run(fill)
        assert await thread.run(count) == [0, 0, 0, 0]
        await thread.run(lambda connection: record(connection, _delivery(a_body())))
        assert await thread.run(count) == [1, 1, 1, 1]
        await thread.close()

    asyncio.run(run())


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """An older inbox must not write into tables that it does not know."""
    path = tmp_path / "inbox.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    async def use(store: Store) -> None:
        with pytest.raises(SchemaTooNewError, match="schema 99"):
            await store.summarize()

    with_store(path, use)


def test_a_file_another_process_holds_is_waited_for_and_then_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that stays costs an error and not a hang; the next call works again."""
    monkeypatch.setattr(connections, "_BUSY_TIMEOUT_SECONDS", 0.2)
    path = tmp_path / "inbox.sqlite3"

    async def use(store: Store) -> None:
        await store.probe()
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="locked"):
            await store.record(_delivery(a_body()))
        holder.execute("ROLLBACK")
        holder.close()
        assert (await store.record(_delivery(a_body()))).transitions == 1

    with_store(path, use)


def test_a_disk_that_hangs_costs_its_time_and_no_more(tmp_path: Path) -> None:
    """Who waits behind it gives up too, and what was given up before its turn never runs."""

    async def run() -> list[str]:
        thread = ConnectionThread(tmp_path / "inbox.sqlite3", is_writer=True, timeout_seconds=0.2)
        ran: list[str] = []
        is_over = threading.Event()

        def hang(_connection: sqlite3.Connection) -> None:
            is_over.wait()
            ran.append("first")

        def late(_connection: sqlite3.Connection) -> None:
            ran.append("second")

        results = await asyncio.gather(thread.run(hang), thread.run(late), return_exceptions=True)
        assert [type(result) for result in results] == [StoreUnavailableError] * 2
        is_over.set()
        await thread.close()
        return ran

    assert asyncio.run(run()) == ["first"]


def test_a_queue_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could never be answered in time is told so at once."""
    monkeypatch.setattr(connections, "_MAX_PENDING", 2)

    async def run() -> list[bool]:
        thread = ConnectionThread(tmp_path / "inbox.sqlite3", is_writer=True, timeout_seconds=600)
        is_over = threading.Event()
        calls = [
            asyncio.create_task(thread.run(lambda _connection: is_over.wait())) for _ in range(4)
        ]
        await wait_until_async(lambda: sum(call.done() for call in calls) == 2, "the refusals")
        is_over.set()
        results = await asyncio.gather(*calls, return_exceptions=True)
        await thread.close()
        return [result is True for result in results]

    assert asyncio.run(run()) == [True, True, False, False]


@pytest.mark.parametrize("table", ["deliveries", "transitions"])
def test_the_log_is_append_only(tmp_path: Path, table: str) -> None:
    """Not even a mistake of ours changes a row of it."""

    async def use(store: Store) -> None:
        await store.record(_delivery(a_body()))

    path = tmp_path / "inbox.sqlite3"
    with_store(path, use)
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(f"UPDATE {table} SET id = 7")  # noqa: S608
    connection.close()


@pytest.mark.parametrize("moment", [_NOON, datetime.min.replace(tzinfo=UTC), None])
def test_moments_are_exact(moment: datetime | None) -> None:
    """To the microsecond, for any year."""
    assert from_micros(to_micros(moment)) == moment
