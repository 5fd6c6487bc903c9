"""Reading alerts back."""

import pytest

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import Inbox

_ENDED = "2026-11-24T10:05:00Z"


def test_an_alert_shows_all_that_is_known(inbox: Inbox) -> None:
    """Labels, annotations, times of the alert and of its deliveries, the receiver."""
    inbox.post(a_body())
    inbox.post(a_body())
    (alert,) = inbox.alerts()
    assert alert.pop("firstReceivedAt") < alert.pop("lastReceivedAt")
    assert alert == {
        "id": 1,
        "state": "firing",
        "receiver": "inbox",
        "fingerprint": "a0b1c2d3e4f50617",
        "startsAt": "2026-11-24T10:00:00.123456Z",
        "endsAt": None,
        "deliveries": 2,
        "labels": {"alertname": "HighErrors", "severity": "page", "service": "api"},
        "annotations": {"summary": "Too many errors."},
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "stale": False,
        "unconfirmedSince": None,
        "acknowledgedAt": None,
        "acknowledgedBy": "",
    }


def test_an_alert_has_a_timeline(inbox: Inbox) -> None:
    """What changed, by which delivery of which Alertmanager; repeats are not in it."""
    inbox.post(a_body())
    inbox.post(a_body())
    inbox.post(a_body(an_alert(ends_at=_ENDED), externalURL="http://two:9093"))
    detail = inbox.client.get("/alerts/1").json()
    assert (detail["state"], detail["endsAt"]) == ("resolved", _ENDED)
    timeline = detail["timeline"]
    assert [(line["kind"], line["delivery"]) for line in timeline] == [("opened", 1), ("closed", 3)]
    assert timeline[1]["alertmanagerURL"] == "http://two:9093"
    assert timeline[0]["at"] < timeline[1]["at"]


def test_firing_again_is_a_second_alert(inbox: Inbox) -> None:
    """The first keeps its end."""
    for alert in (an_alert(), an_alert(ends_at=_ENDED), an_alert()):
        inbox.post(a_body(alert))
    assert [(alert["id"], alert["state"]) for alert in inbox.alerts()] == [
        (2, "firing"),
        (1, "resolved"),
    ]


def test_receivers_are_apart(inbox: Inbox) -> None:
    """The same alert for two receivers is two, so that one's resolve does not close the other's."""
    inbox.post(a_body(receiver="one"))
    inbox.post(a_body(receiver="two"))
    inbox.post(a_body(an_alert(ends_at=_ENDED), receiver="one"))
    assert [(alert["receiver"], alert["state"]) for alert in inbox.alerts()] == [
        ("two", "firing"),
        ("one", "resolved"),
    ]


def test_annotations_are_the_newest(inbox: Inbox) -> None:
    """They carry figures; those of a resolve from before the episode are old."""
    inbox.post(a_body(an_alert(annotations={"burn": "14"})))
    inbox.post(a_body(an_alert(annotations={"burn": "20"})))
    assert inbox.alerts()[0]["annotations"] == {"burn": "20"}
    early = an_alert(
        starts_at="2026-11-24T08:00:00Z",
        ends_at="2026-11-24T09:00:00Z",
        annotations={"burn": "1"},
    )
    inbox.post(a_body(early))
    inbox.post(a_body(early))
    (alert,) = inbox.alerts()
    assert (alert["state"], alert["deliveries"]) == ("firing", 4)
    assert alert["annotations"] == {"burn": "20"}


def _fill(inbox: Inbox) -> None:
    inbox.post(
        a_body(
            an_alert("f1"),
            an_alert("f2", labels={"severity": "ticket"}),
            an_alert("f3", labels={"service": "redis"}, ends_at=_ENDED),
            an_alert("f4", labels={"alertname": "TargetDown", "team": "checkout"}),
        )
    )


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, "4321"),
        ({"state": "all"}, "4321"),
        ({"state": "firing"}, "421"),
        ({"state": "resolved"}, "3"),
        ({"severity": "ticket"}, "2"),
        ({"service": "redis"}, "3"),
        ({"alertname": "TargetDown"}, "4"),
        ({"team": "checkout"}, "4"),
        ({"team": "checkout", "severity": "ticket"}, ""),
        ({"service": "api", "severity": "page", "state": "firing"}, "41"),
        ({"service": "redis", "state": "firing"}, ""),
        ({"service": "' OR 1=1 --\0"}, ""),
    ],
)
def test_filters(inbox: Inbox, filters: dict[str, str], found: str) -> None:
    """Every filter given must match; the newest come first."""
    _fill(inbox)
    assert "".join(alert["fingerprint"][1] for alert in inbox.alerts(**filters)) == found


def test_pages_hold_every_alert_once(inbox: Inbox) -> None:
    """Also when new alerts arrive between two pages."""
    inbox.post(a_body(*(an_alert(f"f{number}") for number in range(7))))
    seen: list[int] = []
    cursor: int | None = None
    while True:
        query = {"limit": 3} | ({"before": cursor} if cursor else {})
        page = inbox.client.get("/alerts", params=query).json()
        seen += [alert["id"] for alert in page["alerts"]]
        inbox.post(a_body(an_alert(f"new{len(seen)}")))
        if (cursor := page["next"]) is None:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]


def test_a_page_that_is_just_full_is_the_last(inbox: Inbox) -> None:
    """A cursor is given only where something follows."""
    inbox.post(a_body(an_alert("f1"), an_alert("f2")))
    assert inbox.client.get("/alerts", params={"limit": 2}).json()["next"] is None
    assert inbox.client.get("/alerts", params={"limit": 1}).json()["next"] == 2


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/alerts?limit=0", 422),
        ("/alerts?limit=201", 422),
        ("/alerts?limit=SENTINEL", 422),
        ("/alerts?limit=NaN", 422),
        ("/alerts?before=0", 422),
        ("/alerts?before=9223372036854775808", 422),
        ("/alerts?state=SENTINEL", 422),
        ("/alerts?service=" + "SENTINEL" * 200, 422),
        ("/alerts?service=%00%ff%ED%A0%80", 200),
        ("/alerts/1", 404),
        ("/alerts/0", 422),
        ("/alerts/SENTINEL", 422),
        ("/alerts/99999999999999999999", 422),
        ("/SENTINEL", 404),
        ("/webhooks/alertmanager", 405),
    ],
)
def test_bad_questions_get_short_answers(inbox: Inbox, path: str, status: int) -> None:
    """One line that names the parameter and never repeats its value."""
    answer = inbox.client.get(path)
    assert answer.status_code == status
    assert len(answer.text) < 250
    assert "SENTINEL" not in answer.text
    if status != 200:
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
