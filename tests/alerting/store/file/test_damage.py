"""A store whose file is damaged, gone, or larger than what is in it."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerting.inbox.store.deliveries import Delivery
from alerting.inbox.store.file.damage import found_aside, is_sound, set_aside
from alerting.inbox.store.listing import Filter
from alerting.inbox.store.store import Store
from alerting.inbox.web.delivery.payload import parse
from tests.alerting.bodies import a_body, an_alert

_PAGE = 4096


def _delivery(body: bytes) -> Delivery:
    payload, kept = parse(body)
    return payload.delivery(kept, datetime.now(UTC), "")


def _using(path: Path, use: Callable[[Store], Awaitable[None]]) -> None:
    async def run() -> None:
        store = Store(path)
        try:
            await use(store)
        finally:
            await store.close()

    asyncio.run(run())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with some alerts in it, closed."""
    path = tmp_path / "inbox.sqlite3"

    async def fill(store: Store) -> None:
        for number in range(200):
            await store.record(_delivery(a_body(an_alert(f"f{number}"))))

    _using(path, fill)
    return path


def _overwrite(path: Path, *, from_page: int) -> None:
    """Write over all pages from this one on; 0 is the one with the header."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(from_page * _PAGE)
        file.write(b"\xa5" * (size - from_page * _PAGE))


@pytest.mark.parametrize("from_page", [0, 1, 5])
def test_a_delivery_finds_the_damage_and_is_stored(path: Path, from_page: int) -> None:
    """Nothing is lost of the file either: it stands beside the new one."""
    _overwrite(path, from_page=from_page)
    damaged = path.read_bytes()

    async def use(store: Store) -> None:
        await store.record(_delivery(a_body(an_alert("new"))))
        assert [each.fingerprint for each in await store.find(Filter(), None, 10)] == ["new"]
        await store.probe()
        (name,) = store.losses().set_aside
        assert path.with_name(name).read_bytes()[_PAGE:] == damaged[_PAGE:]

    _using(path, use)
    assert is_sound(path)


def test_readiness_finds_damage_that_only_a_delivery_meets(path: Path) -> None:
    """Every table and index that a delivery writes is written, and taken back."""
    with sqlite3.connect(path) as connection:
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))
    for name in ("deliveries", "episodes", "transitions", "episodes_open", "bodies"):
        whole = path.read_bytes()
        with path.open("r+b") as file:
            file.seek((roots[name] - 1) * _PAGE)
            file.write(b"\xa5" * _PAGE)

        async def use(store: Store) -> None:
            await store.probe()
            assert store.losses().set_aside

        _using(path, use)
        for each in path.parent.iterdir():
            each.unlink()
        path.write_bytes(whole)


def test_readiness_leaves_nothing_but_its_row(path: Path) -> None:
    """Its delivery is taken back: no alert, no transition, no number that is left out."""

    async def use(store: Store) -> None:
        before = await store.range_of_changes()
        for _ in range(3):
            await store.probe()
        assert await store.range_of_changes() == before
        assert (await store.find_firing(500, 500)).others == 0
        recorded = await store.record(_delivery(a_body(an_alert("next"))))
        assert recorded.delivery_id == 201

    _using(path, use)


def test_the_hourly_check_finds_what_nobody_reads(path: Path) -> None:
    """And a sound file stays where it is."""

    async def sound(store: Store) -> None:
        await store.check()
        assert store.losses().set_aside == ()

    _using(path, sound)
    _overwrite(path, from_page=5)

    async def damaged(store: Store) -> None:
        await store.check()
        assert len(store.losses().set_aside) == 1

    _using(path, damaged)


def test_many_that_find_the_damage_at_once_set_one_file_aside(path: Path) -> None:
    """Who comes second finds the new file, with what the first has written."""
    _overwrite(path, from_page=0)

    async def use(store: Store) -> None:
        bodies = [a_body(an_alert(f"g{number}")) for number in range(20)]
        await asyncio.gather(
            *(store.record(_delivery(body)) for body in bodies),
            *(store.find(Filter(), None, 5) for _ in range(20)),
            return_exceptions=True,
        )
        assert len(store.losses().set_aside) == 1
        assert len(await store.find(Filter(), None, 100)) == 20

    _using(path, use)


def test_files_set_aside_in_one_second_have_names_of_their_own(path: Path) -> None:
    """With what SQLite keeps beside them."""
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for text in ("one", "two"):
        path.write_text(text)
        path.with_name("inbox.sqlite3-wal").write_text(f"{text} wal")
        set_aside(path, at)
    names = ("inbox.sqlite3.damaged-20260102T030405Z", "inbox.sqlite3.damaged-20260102T030405Z-2")
    assert found_aside(path) == names
    texts = [path.with_name(f"{name}{end}").read_text() for name in names for end in ("", "-wal")]
    assert texts == ["one", "one wal", "two", "two wal"]


def test_a_file_that_is_gone_is_noticed(path: Path) -> None:
    """When, so that people can be told."""

    async def use(store: Store) -> None:
        await store.probe()
        assert store.losses().replaced_at is None
        path.unlink()  # noqa: ASYNC240 - a moment
        await store.probe()
        assert store.losses().replaced_at is not None

    _using(path, use)


@pytest.mark.parametrize("is_older", [False, True])
def test_a_file_shrinks_after_retention(tmp_path: Path, *, is_older: bool) -> None:
    """Also one from before it could, which is written anew once."""
    path = tmp_path / "inbox.sqlite3"
    if is_older:
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA auto_vacuum = NONE")
            connection.execute("CREATE TABLE older (id INTEGER)")

    async def use(store: Store) -> None:
        text = {"text": "x" * 8_000}
        for number in range(600):
            alert = an_alert(f"f{number}", ends_at="2026-11-24T10:01:00Z", annotations=text)
            await store.record(_delivery(a_body(alert)))
        await store.shrink()
        large = path.stat().st_size
        while await store.prune(datetime.now(UTC) + timedelta(days=1)):
            pass
        while await store.shrink():
            pass
        assert path.stat().st_size < large / 2

    _using(path, use)
