"""An incident's timeline."""

from datetime import UTC, datetime, timedelta

from alerting.inbox.page.cards import alert_title
from alerting.inbox.page.links import Links
from alerting.inbox.page.timeline import timeline
from alerting.inbox.store import (
    IncidentRecord,
    Kind,
    Note,
    State,
    StoredEpisode,
    StoredIncident,
    StoredTransition,
    Word,
)

_START = datetime(2026, 1, 2, 3, tzinfo=UTC)
_LINKS = Links(lambda: (), None)


def _episode(number: int, name: str) -> StoredEpisode:
    return StoredEpisode(
        id=number,
        receiver="inbox",
        fingerprint=f"f{number}",
        state=State.FIRING,
        starts_at=_START,
        ends_at=None,
        first_received_at=_START,
        last_received_at=_START,
        deliveries=1,
        labels={"alertname": name},
        annotations={},
        generator_url="",
        is_stale=False,
        unconfirmed_since=None,
        acknowledged_at=None,
        acknowledged_by="",
        incident_id=1,
    )


def _change(minute: int, kind: Kind, author: str = "") -> StoredTransition:
    at = _START + timedelta(minutes=minute)
    return StoredTransition(minute, at, kind, None, None, None, "", "", author, "")


def test_an_alert_that_came_and_went_is_a_few_lines() -> None:
    """Its newest changes, its first, and how many lie between; what people did stays whole."""
    episodes = [_episode(1, "Flaps"), _episode(2, "Once")]
    flapping = [(_change(n, Kind.CLOSED if n % 2 else Kind.REOPENED), 1) for n in range(20)]
    changes = [*flapping, (_change(7, Kind.OPENED), 2), (_change(9, Kind.ACKNOWLEDGED, "Ada"), 1)]
    incident = StoredIncident(1, {"service": "api"}, _START, None, 2, 1, 1, _START, "", None)
    notes = [Note(_START + timedelta(minutes=30), Word.COMMENTED, "Ada", "a word")]
    record = IncidentRecord(incident, episodes, changes, notes)

    titles = {each.id: alert_title(each, _LINKS.identity) for each in episodes}
    events = timeline(record, titles, _START)

    shown = [(event.at.minute, event.about, event.what) for event in events]
    assert shown == [
        (30, "", "Ada: said"),
        (19, "Flaps", "Resolved"),
        (18, "Flaps", "Started firing again"),
        (17, "Flaps", "Resolved"),
        (16, "Flaps", "16 more changes since 03:01:00"),
        (9, "Flaps", "Acknowledged"),
        (7, "Once", "Started firing"),
        (0, "Flaps", "Started firing again"),
    ]
