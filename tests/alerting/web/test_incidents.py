"""Incidents as pages and as JSON, and what people say about them."""

import re

import httpx2
import pytest

from tests.alerting.bodies import ZERO_TIME, a_body, an_alert
from tests.alerting.conftest import Inbox


def _fire(inbox: Inbox, name: str = "Down", **labels: str) -> None:
    inbox.post(a_body(an_alert(name, labels={"alertname": name, **labels})))


def test_somebody_who_is_on_it_takes_it_out_of_the_headline(inbox: Inbox) -> None:
    """Until a new alert joins; the page of the incident tells the story."""
    _fire(inbox)
    assert "1 page firing" in inbox.client.get("/").text
    answer = inbox.client.post("/incidents/1/on-it", data={"by": "Ada", "text": "a <b> look"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents/1")
    front = inbox.client.get("/").text
    assert "1 page, and somebody is on it" in front
    assert "Ada is on api" in front
    _fire(inbox, "Slow")
    front = inbox.client.get("/").text
    assert "2 pages firing" in front
    assert "Ada was on it until a new alert joined" in front
    page = inbox.client.get("/incidents/1").text
    for piece in ("Ada: on it", "a &lt;b&gt; look", "Started firing", "Slow · api", "2 pages"):
        assert piece in page
    assert inbox.client.get("/incidents/1/fragment").status_code == httpx2.codes.OK


def test_another_service_still_pages(inbox: Inbox) -> None:
    """Its pages alone are counted then, and come first."""
    _fire(inbox)
    inbox.client.post("/incidents/1/on-it", json={"by": "Ada"})
    _fire(inbox, "Empty", service="shop")
    front = inbox.client.get("/").text
    assert "1 page firing" in front
    assert front.index("Empty · shop") < front.index("Down · api")


def test_what_is_known_is_there_for_programs(inbox: Inbox) -> None:
    """And a link that leads to the newest, for a pager."""
    _fire(inbox)
    _fire(inbox, "Empty", service="shop")
    listed = inbox.client.get("/api/incidents", params={"limit": 1}).json()
    assert [each["identity"] for each in listed["incidents"]] == [{"service": "shop"}]
    older = inbox.client.get("/api/incidents", params={"before": listed["next"]}).json()
    assert [each["identity"] for each in older["incidents"]] == [{"service": "api"}]
    assert older["next"] is None
    one = inbox.client.get("/api/incidents/1").json()
    assert (one["pages"], one["owner"], one["endedAt"]) == (1, "", None)
    assert [episode["labels"]["alertname"] for episode in one["episodes"]] == ["Down"]
    assert inbox.client.get("/now/shop").headers["location"] == "/incidents/2"
    assert inbox.client.get("/now/nothing").status_code == httpx2.codes.NOT_FOUND


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/incidents/1/comment", b"{}", 422),
        ("/incidents/1/on-it", b"SENTINEL", 400),
        ("/incidents/1/on-it", b" " * 70_000, 413),
        ("/incidents/9/on-it", b"", 404),
        ("/incidents/x/on-it", b"", 422),
    ],
)
def test_bad_words_are_refused(inbox: Inbox, path: str, body: bytes, status: int) -> None:
    _fire(inbox)
    answer = inbox.client.post(path, content=body)
    assert answer.status_code == status
    assert "SENTINEL" not in answer.text


def test_only_our_own_page_says_something(inbox: Inbox) -> None:
    _fire(inbox)
    for word in ("on-it", "release", "comment"):
        headers = {"Sec-Fetch-Site": "cross-site"}
        answer = inbox.client.post(f"/incidents/1/{word}", json={"text": "x"}, headers=headers)
        assert answer.status_code == httpx2.codes.FORBIDDEN
    assert inbox.client.get("/incidents/9").status_code == httpx2.codes.NOT_FOUND


def test_ten_thousand_alerts_of_as_many_services_are_shown(inbox: Inbox) -> None:
    """The page has all pages up to a bound, and says how many more there are."""
    for start in range(0, 10_000, 1_000):
        alerts = [
            an_alert(f"f{n}", labels={"severity": "ticket", "service": f"s{n}"})
            for n in range(start, start + 1_000)
        ]
        inbox.post(a_body(*alerts))
    _fire(inbox)
    page = inbox.client.get("/").text
    assert "1 page firing" in page
    assert "10000 tickets open as well" in page
    assert "9900 more incidents" in page
    assert page.index("HighErrors") > page.index("Down · api")


def test_a_large_incident_has_a_page_that_a_phone_can_bear(inbox: Inbox) -> None:
    """Each page is on it, and how many tickets are not; five thousand cards were 7 MB."""
    for first, count, severity, end in (
        (0, 400, "ticket", ZERO_TIME),
        (400, 100, "page", ZERO_TIME),
        (500, 100, "ticket", "2026-11-24T12:30:00Z"),
    ):
        labels = {"alertname": "Full", "severity": severity, "service": "a&b"}
        names = [f"f{number}" for number in range(first, first + count)]
        inbox.post(a_body(*(an_alert(n, labels=labels | {"n": n}, ends_at=end) for n in names)))
    _fire(inbox, "Last", service="a&b", severity="ticket")
    page = inbox.client.get("/incidents/1").text
    assert page.count('<article class="card') == 50
    assert page.count('<li class="page"><a') == 100 - 50
    assert page.count('<li class="ticket"><a') == 100 + 100
    (more,) = re.findall(r'301 more: <a href="([^"]+)"', page)
    assert more == "/alerts?state=firing&amp;service=a%26b"
    assert "Last · a&amp;b" in page.split("<h2>Timeline</h2>")[1]


def test_a_service_may_have_slashes_in_its_name(inbox: Inbox) -> None:
    """Also where a proxy or a pager's template leaves them as they are."""
    _fire(inbox, service="team/shop")
    assert 'href="/services/team%2Fshop"' in inbox.client.get("/incidents/1").text
    for name in ("team%2Fshop", "team/shop"):
        page = inbox.client.get(f"/services/{name}")
        assert (page.status_code, "/incidents/1" in page.text) == (200, True)
        (part,) = re.findall(r'data-fragment="([^"]+)"', page.text)
        assert "/incidents/1" in inbox.client.get(part).text
        answer = inbox.client.get(f"/now/{name}")
        assert (answer.status_code, answer.headers["location"]) == (302, "/incidents/1")


def test_the_headline_adds_up(inbox: Inbox) -> None:
    """What somebody works on is in the incidents below it, so it is said."""
    for service in ("api", "shop"):
        inbox.post(a_body(an_alert(service, labels={"service": service})))
    inbox.client.post("/incidents/1/on-it", json={"by": "Ada"})
    assert "<h1>1 page firing</h1><p>1 page in work.</p>" in inbox.client.get("/").text
