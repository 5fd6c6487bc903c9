"""What belongs to one incident, and who is on it."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.inbox.store.file.schema import _MIGRATIONS, migrate
from alerting.inbox.store.incidents import (
    QUIET,
    IncidentAction,
    StoredIncident,
    Word,
    apply_to_incident,
    back_fill,
    find_incidents,
    find_open,
    get_incident,
    incident_of,
    notes_of,
)
from alerting.inbox.store.journal import record
from alerting.inbox.store.retention import prune
from alerting.inbox.web.delivery.payload import parse
from tests.alerting.bodies import a_body, an_alert

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """An empty store."""
    connection = sqlite3.connect(tmp_path / "inbox.sqlite3", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection)
    yield connection
    connection.close()


def deliver(
    connection: sqlite3.Connection,
    minute: float,
    name: str,
    *,
    ended: float | None = None,
    identity: tuple[str, ...] = ("service",),
    **labels: str,
) -> None:
    """Have an alert arrive, firing or ended, which began at noon plus the number in its name."""
    start = at(float(name.partition("@")[2] or minute))
    ends: dict[str, Any] = {} if ended is None else {"ends_at": at(ended).isoformat()}
    alert = an_alert(
        name, starts_at=start.isoformat(), labels={"alertname": name, **labels}, **ends
    )
    payload, kept = parse(a_body(alert))
    record(connection, payload.delivery(kept, at(minute), ""), identity)


def of(connection: sqlite3.Connection, name: str) -> int | None:
    row = connection.execute(
        "SELECT incident_id FROM episodes WHERE alertname = ? ORDER BY id DESC", (name,)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def test_alerts_of_one_service_belong_together(connection: sqlite3.Connection) -> None:
    """While one fires, and until ten quiet minutes after the last."""
    deliver(connection, 0, "a@0")
    deliver(connection, 1, "b@1")
    deliver(connection, 30, "a@0", ended=30)
    deliver(connection, 31, "b@1", ended=31)
    deliver(connection, 40.9, "c@40")
    deliver(connection, 41, "other@41", service="shop")
    assert of(connection, "a@0") == of(connection, "b@1") == of(connection, "c@40")
    assert of(connection, "other@41") != of(connection, "c@40")
    deliver(connection, 42, "c@40", ended=42)
    deliver(connection, 52, "d@52")
    assert of(connection, "d@52") != of(connection, "c@40")
    deliver(connection, 53, "Watchdog", alertname="Watchdog")
    assert of(connection, "Watchdog") is None
    assert [incident.title for incident in find_open(connection)] == ["api", "shop"]


@pytest.mark.parametrize("is_over", [False, True])
def test_an_alert_joins_a_large_incident_as_fast_as_a_small_one(
    connection: sqlite3.Connection, *, is_over: bool
) -> None:
    """Five thousand alerts of one delivery took longer than the store gives a write."""
    ends: dict[str, Any] = {"ends_at": at(5).isoformat()} if is_over else {}
    steps: list[int] = []
    connection.set_progress_handler(lambda: steps.append(1), 1)
    needed: list[int] = []
    for first, until in ((0, 10), (10, 1000)):
        alerts = (an_alert(str(n), starts_at=NOON.isoformat(), **ends) for n in range(first, until))
        payload, kept = parse(a_body(*alerts))
        record(connection, payload.delivery(kept, at(5), ""))
        steps.clear()
        labels = {"alertname": "Next", "service": "api"}
        assert incident_of(connection, labels, ("service",), at(6)) == 1
        needed.append(len(steps))
    assert needed[1] < 2 * needed[0]


def test_a_service_is_named_by_the_whole_identity(connection: sqlite3.Connection) -> None:
    identity = ("cluster", "service")
    deliver(connection, 0, "a@0", cluster="one", identity=identity)
    deliver(connection, 0, "b@0", cluster="two", identity=identity)
    deliver(connection, 0, "c@0", identity=identity)
    assert [i.title for i in find_incidents(connection, None, 9)] == ["api", "two api", "one api"]


def say(connection: sqlite3.Connection, minute: float, word: Word, author: str = "Ada") -> None:
    assert apply_to_incident(connection, IncidentAction(1, word, at(minute), author, "text"))


def incident(connection: sqlite3.Connection) -> StoredIncident:
    found = get_incident(connection, 1)
    assert found is not None
    return found


def test_somebody_is_on_it_for_an_hour_since_the_last_word(connection: sqlite3.Connection) -> None:
    """A comment is a word; a new alert, a release and silence end it."""
    deliver(connection, 0, "a@0")
    assert not incident(connection).is_owned(at(1))
    say(connection, 1, Word.ON_IT)
    assert incident(connection).is_owned(at(60))
    assert not incident(connection).is_owned(at(61))
    say(connection, 50, Word.COMMENTED, "Bob")
    assert incident(connection).owner == "Ada"
    assert incident(connection).is_owned(at(109))
    deliver(connection, 60, "b@60")
    assert not incident(connection).is_owned(at(60))
    say(connection, 61, Word.ON_IT, "Bob")
    assert incident(connection).owner == "Bob"
    deliver(connection, 62, "b@60")
    assert incident(connection).is_owned(at(63)), "a repeat is no new alert"
    say(connection, 64, Word.RELEASED, "Bob")
    assert not incident(connection).is_owned(at(64))
    assert [note.word for note in notes_of(connection, 1)] == [
        Word.ON_IT, Word.COMMENTED, Word.ON_IT, Word.RELEASED
    ]  # fmt: skip


def test_a_comment_alone_takes_nothing_on(connection: sqlite3.Connection) -> None:
    deliver(connection, 0, "a@0")
    say(connection, 1, Word.COMMENTED)
    assert not incident(connection).is_owned(at(2))
    missing = IncidentAction(9, Word.ON_IT, at(1), "", "")
    assert not apply_to_incident(connection, missing)


def test_it_goes_with_its_last_episode(connection: sqlite3.Connection) -> None:
    """With what was said about it."""
    deliver(connection, 0, "a@0")
    say(connection, 1, Word.ON_IT)
    deliver(connection, 2, "a@0", ended=2)
    deliver(connection, 60, "b@60")
    while prune(connection, at(30)):
        pass
    assert [each.id for each in find_incidents(connection, None, 9)] == [2]
    assert notes_of(connection, 1) == []


EVENT = st.tuples(
    st.floats(0, 30, allow_nan=False), st.sampled_from("abc"), st.booleans(), st.sampled_from("xy")
)


@given(st.lists(EVENT, max_size=25))
def test_an_older_file_gets_the_incidents_that_a_newer_one_has(
    events: list[tuple[float, str, bool, str]],
) -> None:
    """Except where an alert fired again later than a delivery could tell: ends are known then."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    minute = 0.0
    for pause, name, is_end, service in events:
        minute += pause
        deliver(connection, minute, name, ended=minute if is_end else None, service=service)
    # What fires still is known to fire in both; so compare where all has ended.
    for service in "xy":
        for name in "abc":
            deliver(connection, minute, name, ended=minute, service=service)
    before = connection.execute("SELECT id, incident_id FROM episodes ORDER BY id").fetchall()
    connection.execute("UPDATE episodes SET incident_id = NULL")
    connection.execute("DELETE FROM incidents")
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'incidents'")
    back_fill(connection, ("service",))
    after = connection.execute("SELECT id, incident_id FROM episodes ORDER BY id").fetchall()
    assert after == before
    connection.close()


def test_a_file_of_the_version_before_is_filled_in(tmp_path: Path) -> None:
    """With rows in it."""
    connection = sqlite3.connect(tmp_path / "old.sqlite3", isolation_level=None)
    for migration in _MIGRATIONS[:2]:
        for statement in migration:
            assert isinstance(statement, str)
            connection.execute(statement)
    connection.execute("PRAGMA user_version = 2")
    columns = "receiver, fingerprint, starts_at, newest_start_at, first_received_at, ends_at"
    rest = "last_received_at, deliveries, alertname, severity, service, labels, annotations"
    for number, (start, end) in enumerate([(0, 60), (30, 90), (1000, None)]):
        connection.execute(
            f"INSERT INTO episodes ({columns}, {rest}, generator_url)"  # noqa: S608
            " VALUES ('inbox', ?, ?, ?, ?, ?, ?, 1, 'A', 'page', 'api', ?, '{}', '')",
            (
                str(number), start * 10**6, start * 10**6, start * 10**6,
                None if end is None else end * 10**6, start * 10**6, '{"service": "api"}',
            ),
        )  # fmt: skip
    migrate(connection)
    found = [row[0] for row in connection.execute("SELECT incident_id FROM episodes ORDER BY id")]
    assert found == [1, 1, 2]
    assert timedelta(seconds=1000 - 90) >= QUIET
    connection.close()
