"""What Alertmanager's own list confirms, makes stale, and closes."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerting.inbox.store.actions import Action, apply
from alerting.inbox.store.episodes import Kind
from alerting.inbox.store.file.schema import migrate
from alerting.inbox.store.journal import record
from alerting.inbox.store.listing import get_episode
from alerting.inbox.store.reconciliation import GracePeriods, Snapshot, reconcile
from alerting.inbox.store.retention import prune
from alerting.inbox.watch.alertmanager_api import AlertmanagerState, snapshot_of
from alerting.inbox.web.delivery.payload import parse
from tests.alerting.bodies import a_body, an_alert

_NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
_GRACE = GracePeriods(timedelta(minutes=3), timedelta(minutes=15))
_LISTED = frozenset({"f1"})


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A store with one alert, `f1`, that was delivered at noon."""
    connection = sqlite3.connect(tmp_path / "inbox.sqlite3", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection)
    _deliver(connection, 0)
    yield connection
    connection.close()


def _deliver(connection: sqlite3.Connection, minute: float, ends_at: str | None = None) -> None:
    alert = an_alert("f1") if ends_at is None else an_alert("f1", ends_at=ends_at)
    payload, kept = parse(a_body(alert))
    record(connection, payload.delivery(kept, _NOON + timedelta(minutes=minute), "request"))


def _poll(
    connection: sqlite3.Connection,
    minute: float,
    listed: frozenset[str] = frozenset(),
    *,
    is_trusted: bool = True,
) -> int:
    snapshot = Snapshot(_NOON + timedelta(minutes=minute), listed, is_trusted)
    return reconcile(connection, snapshot, _GRACE).transitions


def _kinds(connection: sqlite3.Connection) -> list[str]:
    found = get_episode(connection, 1)
    assert found is not None
    return [change.kind.value for change in found[1]]


def test_what_is_listed_stays_as_it_is(connection: sqlite3.Connection) -> None:
    """Poll after poll."""
    assert [_poll(connection, minute, _LISTED) for minute in range(1, 60)] == [0] * 59


def test_what_is_not_listed_is_stale_and_then_closed(connection: sqlite3.Connection) -> None:
    """It ended when it was missed first; Alertmanager lost the resolve."""
    changes = [_poll(connection, minute) for minute in range(1, 20)]
    assert [minute for minute, changed in enumerate(changes, 1) if changed] == [4, 16]
    assert _kinds(connection) == ["opened", "stale", "closed_unconfirmed"]
    found = get_episode(connection, 1)
    assert found is not None
    assert found[0].ends_at == _NOON + timedelta(minutes=1)
    assert not found[0].is_stale


def test_silence_confirms_nothing_and_closes_nothing(connection: sqlite3.Connection) -> None:
    """An Alertmanager that does not answer, or knows too little, never ends an alert."""
    for minute in range(1, 100):
        _poll(connection, minute, is_trusted=False)
    assert _kinds(connection) == ["opened", "stale"]


@pytest.mark.parametrize("by", ["a poll", "a delivery"])
def test_what_was_stale_is_confirmed(connection: sqlite3.Connection, by: str) -> None:
    """And the clock of its absence starts anew."""
    _poll(connection, 1)
    _poll(connection, 5)
    if by == "a poll":
        _poll(connection, 6, _LISTED)
    else:
        _deliver(connection, 6)
    _poll(connection, 17)
    assert _kinds(connection) == ["opened", "stale", "confirmed"]


def test_what_arrives_during_a_poll_is_not_missed(connection: sqlite3.Connection) -> None:
    """The list was made before it came."""
    _deliver(connection, 10)
    for minute in (1, 5, 9):
        assert _poll(connection, minute) == 0


def test_a_late_resolve_of_what_was_closed_is_no_new_episode(
    connection: sqlite3.Connection,
) -> None:
    """It only tells the end better."""
    for minute in (1, 5, 17):
        _poll(connection, minute)
    _deliver(connection, 18, ends_at="2026-11-24T12:02:00Z")
    assert _kinds(connection) == ["opened", "stale", "closed_unconfirmed", "ended_later"]
    assert get_episode(connection, 2) is None


@pytest.mark.parametrize(
    ("watchdog_minutes", "up_minutes", "is_trusted"),
    [(1, 60, True), (None, 60, False), (3, 60, False), (1, 14, False)],
)
def test_absence_is_trusted_only_where_it_means_an_end(
    watchdog_minutes: int | None, up_minutes: int, *, is_trusted: bool
) -> None:
    """Prometheus has to speak to it, and it has to be up for long enough to be told all."""
    age = None if watchdog_minutes is None else timedelta(minutes=watchdog_minutes)
    state = AlertmanagerState(_LISTED, age, timedelta(minutes=up_minutes))
    snapshot = snapshot_of(state, _NOON, _GRACE.close_after, timedelta(seconds=150))
    assert snapshot.is_trusted is is_trusted


def test_retention_forgets_what_ended_and_keeps_what_fires(
    connection: sqlite3.Connection,
) -> None:
    """With its timeline, its deliveries and their bodies; ids are never used again."""

    def rows() -> list[int]:
        tables = ("episodes", "transitions", "deliveries", "bodies")
        counts = [f"SELECT count(*) FROM {table}" for table in tables]  # noqa: S608 (ours)
        return [connection.execute(count).fetchone()[0] for count in counts]

    later = datetime(2027, 6, 1, tzinfo=UTC)
    _deliver(connection, 1)
    assert prune(connection, later) == 1  # the repeat, in which nothing changed
    assert rows() == [1, 1, 1, 1]
    _deliver(connection, 2, ends_at="2026-11-24T12:01:00Z")
    assert prune(connection, _NOON) == 0
    while prune(connection, later):
        pass
    assert rows() == [0, 0, 0, 0]
    _deliver(connection, 3)
    assert connection.execute("SELECT min(id) FROM episodes").fetchone() == (2,)


def test_retention_keeps_what_people_still_write_about(connection: sqlite3.Connection) -> None:
    """A comment on an alert that ended long ago is younger than the alert."""
    _deliver(connection, 2, ends_at="2026-11-24T12:01:00Z")
    later = _NOON + timedelta(days=100)
    apply(connection, Action(1, Kind.COMMENTED, later, "Ada", "It was the disk."))

    prune(connection, later)

    assert _kinds(connection) == ["opened", "closed", "commented"]
    prune(connection, later + timedelta(seconds=1))
    assert get_episode(connection, 1) is None


def test_the_time_of_the_last_delivery_never_falls(connection: sqlite3.Connection) -> None:
    """Neither when an earlier one is stored later nor when the clock is set back."""
    _deliver(connection, 10)
    _deliver(connection, 5)
    found = get_episode(connection, 1)
    assert found is not None
    assert found[0].last_received_at == _NOON + timedelta(minutes=10)
    assert found[0].deliveries == 3
