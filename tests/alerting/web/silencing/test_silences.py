"""Silences from the inbox, by a real Alertmanager."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.alerting.alertmanager import Alertmanager
from tests.alerting.servers import InboxProcess
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration


@dataclass
class Stack:
    """An inbox and its Alertmanager."""

    client: httpx2.Client
    alertmanager: Alertmanager

    def fire(self, alertname: str, service: str, severity: str = "page", slo: str = "") -> None:
        """Let an alert fire and arrive."""
        self.alertmanager.post(alertname=alertname, service=service, severity=severity, slo=slo)
        wait_until(lambda: self.alert(alertname, service) is not None, f"{alertname} arrives")

    def alert(self, alertname: str, service: str) -> dict[str, Any] | None:
        """Return the newest episode of an alert."""
        wanted = {"alertname": alertname, "service": service}
        alerts: list[dict[str, Any]] = self.client.get("/alerts", params=wanted).json()["alerts"]
        return alerts[0] if alerts else None

    def incident(self, service: str) -> int:
        """Return the id of a service's newest incident."""
        return int(self.client.get(f"/now/{service}").headers["location"].rpartition("/")[2])

    def silences(self, service: str) -> list[dict[str, Any]]:
        """Return the silences of a service that Alertmanager has, over or not."""
        found: list[dict[str, Any]] = httpx2.get(f"{self.alertmanager.url}/api/v2/silences").json()
        return [each for each in found if any(m["value"] == service for m in each["matchers"])]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One for all tests; each has a service of its own."""
    with _running(tmp_path_factory.mktemp("silences")) as stack:
        yield stack


@contextmanager
def _running(folder: Path) -> Iterator[Stack]:
    inbox = InboxProcess(folder)
    alertmanager = Alertmanager(folder / "alertmanager", inbox)
    inbox.settings["INBOX_ALERTMANAGER_URL"] = alertmanager.url
    inbox.settings["INBOX_RECONCILE_SECONDS"] = "0.5"
    alertmanager.start()
    try:
        inbox.start()
        with httpx2.Client(base_url=inbox.url, timeout=PATIENCE_SECONDS) as client:
            yield Stack(client, alertmanager)
    finally:
        alertmanager.stop()
        if inbox.process is not None:
            inbox.stop()


def test_a_silence_is_previewed_made_shown_and_ended(stack: Stack) -> None:
    """The preview names what it hides and what it costs; nothing is red while it lasts."""
    stack.fire("Down", "shop", slo="availability")
    stack.fire("Slow", "shop", severity="ticket")
    incident = stack.incident("shop")
    link = f"/silences/new?incident={incident}&amp;hours=4"
    assert link in stack.client.get(f"/incidents/{incident}").text
    preview = stack.client.get(f"/silences/new?incident={incident}&hours=4").text
    for piece in (
        "<b>2 alerts</b>, 1 page among them",
        "Down · shop availability",
        "Slow · shop",
        "does not send the end to anybody",
        "Silence for 4 h",
    ):
        assert piece in preview, piece
    assert stack.silences("shop") == []
    form = {"match": "service=shop", "hours": "4", "by": "Ada", "text": "moving <b>", "until": ""}
    answer = stack.client.post("/silences", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/silences")
    (made,) = stack.silences("shop")
    assert (made["createdBy"], made["comment"]) == ("Ada", "moving <b>")
    page = stack.client.get("/silences").text
    for piece in ("service=&#34;shop&#34;", "moving &lt;b&gt; · Ada", "Down · shop", "End now"):
        assert piece in page, piece
    front = stack.client.get("/").text
    assert "1 page, silenced" in front
    assert "by Ada</span>" in front
    ended = stack.client.post(f"/silences/{made['id']}/end", data={"by": "Ada"})
    assert ended.status_code == httpx2.codes.SEE_OTHER
    assert stack.silences("shop")[0]["status"]["state"] == "expired"
    assert "1 page firing" in stack.client.get("/").text
    assert stack.client.post(f"/silences/{made['id']}/end").status_code == 404


def test_what_others_silence_is_shown_as_well(stack: Stack) -> None:
    """With its regular expression, and before it begins: a maintenance window."""
    begin = datetime.now(UTC) + timedelta(hours=3)
    silence = {
        "matchers": [{"name": "service", "value": "other|reports", "isRegex": True}],
        "startsAt": begin.isoformat(),
        "endsAt": (begin + timedelta(hours=1)).isoformat(),
        "createdBy": "amtool",
        "comment": "at night",
    }
    httpx2.post(f"{stack.alertmanager.url}/api/v2/silences", json=silence).raise_for_status()

    def shown() -> bool:
        page = stack.client.get("/").text
        return "Maintenance windows" in page and "service=~&#34;other|reports&#34;" in page

    wait_until(shown, "the window is shown")


def test_all_silenced_pages_are_counted_and_not_only_those_that_are_shown(tmp_path: Path) -> None:
    """500 are shown. Whoever silenced them, nothing is red then, and all is red afterwards."""
    with _running(tmp_path) as stack:
        labels = {"alertname": "Down", "severity": "page", "service": "many"}
        alerts = [{"labels": {**labels, "instance": f"{number}"}} for number in range(502)]
        api = f"{stack.alertmanager.url}/api/v2"
        httpx2.post(f"{api}/alerts", json=alerts, timeout=PATIENCE_SECONDS).raise_for_status()
        wait_until(lambda: "502 pages firing" in stack.client.get("/").text, "all have arrived")
        now = datetime.now(UTC)
        silence = {
            "matchers": [{"name": "service", "value": "many", "isRegex": False}],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "root",
            "comment": "by amtool",
        }
        made = httpx2.post(f"{api}/silences", json=silence).json()["silenceID"]
        wait_until(lambda: "502 pages, silenced" in stack.client.get("/").text, "nothing is red")
        assert "by root</span>" in stack.client.get("/").text
        httpx2.delete(f"{api}/silence/{made}").raise_for_status()
        wait_until(lambda: "502 pages firing" in stack.client.get("/").text, "all is red again")


def test_one_alert_of_several_is_silenced_for_a_time_to_come(stack: Stack) -> None:
    """By JSON as well; a name that the door gives counts where none is written."""
    stack.fire("Full", "disks")
    stack.fire("Hot", "disks")
    alert = stack.alert("Full", "disks")
    assert alert is not None
    preview = stack.client.get(f"/silences/new?alert={alert['id']}").text
    assert "<b>1 alert</b>" in preview
    assert "Hot · disks" not in preview
    begin = datetime.now(UTC) + timedelta(hours=1)
    body = {
        "match": ["alertname=Full", "service=disks"],
        "start": begin.isoformat(),
        "until": (begin + timedelta(hours=2)).isoformat(),
    }
    answer = stack.client.post("/silences", json=body, headers={"X-Burnrate-User": "Grace"})
    assert answer.status_code == httpx2.codes.CREATED
    (made,) = stack.silences("disks")
    assert made["id"] == answer.json()["silenceID"]
    assert (made["createdBy"], made["status"]["state"]) == ("Grace", "pending")


def test_what_another_alert_holds_back_is_said(stack: Stack) -> None:
    """A ticket of an SLO that pages adds nothing, and is not gone either."""
    stack.fire("Burning", "held", severity="ticket", slo="latency")
    stack.fire("BurningFast", "held", slo="latency")
    said = "held back while BurningFast · held latency fires"
    incident = f"/incidents/{stack.incident('held')}"
    wait_until(lambda: said in stack.client.get(incident).text, "the inhibition is shown")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"match": [], "hours": 1}, 422),
        ({"match": ["service"], "hours": 1}, 422),
        ({"match": ["service="], "hours": 1}, 422),
        ({"match": ['a"b=c'], "hours": 1}, 422),
        ({"match": ["service=x"]}, 422),
        ({"match": ["service=x"], "hours": -1}, 422),
        ({"match": ["service=x"], "until": "2020-01-01T00:00"}, 422),
        ({"match": ["service=x"], "hours": 1, "start": "2020-01-01T00:00"}, 422),
        ({"match": ["service=x"], "until": "2099-01-01T00:00"}, 422),
    ],
)
def test_what_is_no_silence_is_refused(stack: Stack, body: dict[str, Any], status: int) -> None:
    """In one line, and Alertmanager never hears of it."""
    assert stack.client.post("/silences", json=body).status_code == status
    assert stack.silences("x") == []


def test_only_our_own_page_silences(stack: Stack) -> None:
    """Another site's page in somebody's browser neither begins nor ends one."""
    made = stack.client.post("/silences", json={"match": ["service=own"], "hours": 1})
    headers = {"Sec-Fetch-Site": "cross-site"}
    body = {"match": "service=foreign", "hours": "1"}
    assert stack.client.post("/silences", data=body, headers=headers).status_code == 403
    path = f"/silences/{made.json()['silenceID']}/end"
    assert stack.client.post(path, headers=headers).status_code == 403
    assert stack.silences("foreign") == []
    assert stack.silences("own")[0]["status"]["state"] == "active"


def test_a_form_that_cannot_be_sent_says_why(stack: Stack) -> None:
    """Instead of a preview of everything."""
    stack.fire("Down", "why")
    about = f"/silences/new?incident={stack.incident('why')}"
    for query, said in (
        ("&chosen=yes", "choose a label"),
        ("&hours=0", "say until when"),
        ("&hours=0&until=2020-01-01T00:00", "in the past"),
        ("&hours=0&until=tomorrow", "A time is written like"),
    ):
        page = stack.client.get(about + query).text
        assert said in page
        assert 'action="/silences"' not in page
    assert "No such" in stack.client.get("/silences/new?incident=999999").text


def test_nothing_is_silenced_while_alertmanager_is_away(stack: Stack) -> None:
    """And the page says so."""
    stack.fire("Down", "away")
    incident = stack.incident("away")
    stack.alertmanager.stop()
    try:
        page = stack.client.get(f"/silences/new?incident={incident}").text
        assert "Alertmanager does not answer, so nothing can be silenced" in page
        body = {"match": ["service=away"], "hours": 1}
        assert stack.client.post("/silences", json=body).status_code == 503
    finally:
        stack.alertmanager.start()
