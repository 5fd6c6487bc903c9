"""What Alertmanager lists and never delivered."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from alerting.inbox.store.deliveries import Alert
from alerting.inbox.store.episodes import State
from alerting.inbox.store.file.schema import migrate
from alerting.inbox.store.journal import record
from alerting.inbox.store.listing import Filter, StoredEpisode, find_episodes, get_episode
from alerting.inbox.store.missed_alerts import ActiveAlert, AlertKey
from alerting.inbox.store.reconciliation import GracePeriods, Reconciled, Snapshot, reconcile
from alerting.inbox.watch.alertmanager_api import AlertmanagerClient, AlertmanagerState
from alerting.inbox.watch.alertmanager_poller import Undelivered
from alerting.inbox.web.delivery.payload import parse
from tests.alerting.bodies import WATCHDOG_LABELS, a_body, an_alert

_NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
_GRACE = GracePeriods(timedelta(minutes=3), timedelta(minutes=15))
_LOST: AlertKey = ("inbox", "lost")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A store to which receiver `inbox` has delivered something else."""
    connection = sqlite3.connect(tmp_path / "inbox.sqlite3", isolation_level=None)
    migrate(connection)
    _deliver(connection, an_alert("other"))
    yield connection
    connection.close()


def _deliver(connection: sqlite3.Connection, alert: dict[str, Any], minute: float = 0) -> None:
    payload, kept = parse(a_body(alert))
    record(connection, payload.delivery(kept, _NOON + timedelta(minutes=minute), "request"))


def _listed(fingerprint: str = "lost", state: str = "active", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """An alert as Alertmanager lists it."""
    return {
        "fingerprint": fingerprint,
        "labels": {"alertname": "Lost", "severity": "page", "service": "api"},
        "annotations": {"summary": "Nobody was told."},
        "startsAt": "2026-11-24T11:00:00.000Z",
        "endsAt": "2026-11-24T12:04:00.000Z",
        "updatedAt": "2026-11-24T12:00:00.000Z",
        "generatorURL": "http://prometheus:9090/graph",
        "receivers": [{"name": "inbox"}],
        "status": {"state": state, "silencedBy": [], "inhibitedBy": []},
    } | changes


def _active(*listed: dict[str, Any]) -> tuple[ActiveAlert, ...]:
    """Ask an Alertmanager that lists these what ought to have been delivered."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/status"):
            return httpx2.Response(200, json={"uptime": "2026-11-24T00:00:00.000Z"})
        if request.url.path.endswith("/receivers"):
            return httpx2.Response(200, content=json.dumps([{"name": "inbox"}]))
        return httpx2.Response(200, content=json.dumps(listed))

    async def ask() -> AlertmanagerState:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            return await AlertmanagerClient("http://alertmanager", client).fetch()

    return asyncio.run(ask()).active


def _poll(
    connection: sqlite3.Connection,
    active: tuple[ActiveAlert, ...],
    minute: float = 10,
    overdue: frozenset[AlertKey] | None = frozenset({_LOST}),
) -> Reconciled:
    listed = frozenset({"other", *(held.alert.fingerprint for held in active)})
    at = _NOON + timedelta(minutes=minute)
    return reconcile(connection, Snapshot(at, listed, True, active, overdue), _GRACE)


def _newest(connection: sqlite3.Connection) -> StoredEpisode:
    return find_episodes(connection, Filter(), None, 1)[0]


def test_what_is_listed_and_never_arrived_is_opened(connection: sqlite3.Connection) -> None:
    """With all that the list says of it, and as what it is: found, not delivered."""
    assert _poll(connection, _active(_listed())).found == 1
    episode = _newest(connection)
    assert (episode.fingerprint, episode.receiver, episode.state) == ("lost", "inbox", "firing")
    assert episode.starts_at == datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert episode.annotations == {"summary": "Nobody was told."}
    assert episode.deliveries == 0
    found = get_episode(connection, episode.id)
    assert found is not None
    assert [change.kind for change in found[1]] == ["found"]
    assert _poll(connection, _active(_listed()), 11).found == 0


def test_a_delivery_that_comes_late_is_a_repeat(connection: sqlite3.Connection) -> None:
    """And its resolve closes what was found."""
    _poll(connection, _active(_listed()))
    starts_at = "2026-11-24T11:00:00.000Z"
    _deliver(connection, an_alert("lost", starts_at=starts_at), 11)
    assert (_newest(connection).id, _newest(connection).deliveries) == (2, 1)
    ended = "2026-11-24T12:12:00Z"
    _deliver(connection, an_alert("lost", starts_at=starts_at, ends_at=ended), 12)
    found = get_episode(connection, 2)
    assert found is not None
    assert [change.kind for change in found[1]] == ["found", "closed"]


@pytest.mark.parametrize(
    "listed",
    [
        _listed(state="suppressed"),
        _listed(state="unprocessed"),
        _listed(receivers=[{"name": "slack"}]),
        _listed(labels=WATCHDOG_LABELS),
        _listed("other"),
    ],
    ids=["muted", "not routed yet", "not for us", "the watchdog", "here already"],
)
def test_what_ought_not_to_be_here_is_not_opened(
    connection: sqlite3.Connection, listed: dict[str, Any]
) -> None:
    """However long it is on the list."""
    reconciled = _poll(connection, _active(listed), overdue=None)
    assert (reconciled.found, reconciled.missing) == (0, frozenset())


def test_what_was_only_listed_was_not_heard(connection: sqlite3.Connection) -> None:
    """A watchdog on the list proves nothing of the way from Alertmanager to here."""
    watchdog = Alert(State.FIRING, "watchdog", _NOON, labels=WATCHDOG_LABELS)
    reconciled = _poll(connection, (ActiveAlert(watchdog, ("inbox",)),), overdue=None)
    assert reconciled.found == 1
    assert reconciled.summary.watchdog_seen_at is None


def test_what_is_not_overdue_is_waited_for(connection: sqlite3.Connection) -> None:
    """Alertmanager holds alerts back to group them."""
    reconciled = _poll(connection, _active(_listed()), overdue=frozenset())
    assert (reconciled.found, reconciled.missing) == (0, frozenset({_LOST}))


def test_what_resolved_and_fires_still_is_a_new_episode(connection: sqlite3.Connection) -> None:
    """Its second firing is what was lost; a resolve that came after the list was made is not."""
    _deliver(connection, an_alert("lost", ends_at="2026-11-24T12:01:00Z"), 2)
    assert _poll(connection, _active(_listed()), 2).found == 0
    assert _poll(connection, _active(_listed()), 3).found == 1
    assert [each.state for each in find_episodes(connection, Filter(), None, 2)] == [
        "firing",
        "resolved",
    ]


def test_what_was_found_and_is_no_longer_listed_goes_as_any_other(
    connection: sqlite3.Connection,
) -> None:
    """Stale at first, and then closed."""
    _poll(connection, _active(_listed()))
    for minute in (11, 15, 27):
        _poll(connection, (), minute)
    found = get_episode(connection, 2)
    assert found is not None
    assert [change.kind for change in found[1]] == ["found", "stale", "closed_unconfirmed"]


def test_texts_of_the_list_are_made_storable(connection: sqlite3.Connection) -> None:
    """As those of a delivery are: cut, and without what a store chokes on."""
    annotations = {"summary": "a\0b", "description": "x" * 10_000_000}
    _poll(connection, _active(_listed(annotations=annotations)))
    stored = _newest(connection).annotations
    assert stored["summary"] == "a\ufffdb"
    assert len(stored["description"]) < 20_000


def test_a_delivery_is_waited_for_from_poll_to_poll() -> None:
    """The wait begins anew for what was not missing in between."""
    undelivered = Undelivered(timedelta(minutes=5))
    minute = timedelta(minutes=1)
    undelivered.note({_LOST}, _NOON)
    undelivered.note({_LOST}, _NOON + 4 * minute)
    assert undelivered.overdue(_NOON + 4 * minute) == frozenset()
    assert undelivered.overdue(_NOON + 5 * minute) == {_LOST}
    undelivered.note((), _NOON + 5 * minute)
    undelivered.note({_LOST}, _NOON + 6 * minute)
    assert undelivered.overdue(_NOON + 10 * minute) == frozenset()
