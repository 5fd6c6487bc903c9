"""What people do: acknowledge, comment, follow the changes, read runbooks."""

import json
import signal

import httpx2
import pytest

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import Inbox
from tests.alerting.servers import ROOT, TOKEN, InboxProcess
from tests.support.waiting import wait_until


def _timeline(inbox: Inbox) -> list[tuple[str, str, str]]:
    changes = inbox.client.get("/alerts/1").json()["timeline"]
    return [(change["kind"], change["author"], change["text"]) for change in changes]


def test_an_alert_is_taken_on_and_given_back(inbox: Inbox) -> None:
    """By name, in the timeline, and not twice."""
    inbox.post(a_body())
    for _ in range(2):
        assert inbox.client.post("/alerts/1/acknowledge", json={"by": "Ada"}).status_code == 204
    assert inbox.alerts()[0]["acknowledgedBy"] == "Ada"
    assert inbox.client.post("/alerts/1/unacknowledge").status_code == 204
    assert inbox.alerts()[0]["acknowledgedAt"] is None
    kinds = [kind for kind, _, _ in _timeline(inbox)]
    assert kinds == ["opened", "acknowledged", "unacknowledged"]


def test_a_form_leads_back_to_the_alert(inbox: Inbox) -> None:
    """So that everything works without a script; what is poison is cleaned."""
    inbox.post(a_body())
    answer = inbox.client.post("/alerts/1/comment", data={"by": "Ada", "text": "a\0b <b>"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/episodes/1")
    assert _timeline(inbox)[1] == ("commented", "Ada", "a\ufffdb <b>")
    assert "&lt;b&gt;" in inbox.client.get("/episodes/1").text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/alerts/1/comment", b"{}", 422),
        ("/alerts/1/comment", b'{"text": "  "}', 422),
        ("/alerts/1/comment", b'{"text": 7}', 422),
        ("/alerts/1/comment", json.dumps({"text": "x" * 4001}).encode(), 422),
        ("/alerts/1/comment", b"SENTINEL", 400),
        ("/alerts/1/comment", b"[" * 60_000, 400),
        ("/alerts/1/comment", b" " * 70_000, 413),
        ("/alerts/2/acknowledge", b"", 404),
        ("/alerts/x/acknowledge", b"", 422),
    ],
)
def test_bad_words_are_refused(inbox: Inbox, path: str, body: bytes, status: int) -> None:
    """In one line that is no echo, with nothing written."""
    inbox.post(a_body())
    answer = inbox.client.post(path, content=body)
    assert answer.status_code == status
    assert "SENTINEL" not in answer.text
    assert len(_timeline(inbox)) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"Origin": "http://localhost:8090", "Host": "localhost:8090"}, 204),
        ({"Sec-Fetch-Site": "same-origin"}, 204),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:3000", "Host": "localhost:8090"}, 403),
        # A name of the attacker's that points at 127.0.0.1.
        ({"Origin": "http://evil.example:8090", "Host": "evil.example:8090"}, 403),
        ({"Host": "[::1]:8090"}, 204),
        ({"Host": "inbox:8090"}, 204),
    ],
)
def test_only_our_own_page_changes_something(
    inbox: Inbox, headers: dict[str, str], status: int
) -> None:
    """A page elsewhere could otherwise acknowledge with the browser of whoever looks at it."""
    inbox.post(a_body())
    answer = inbox.client.post("/alerts/1/acknowledge", headers=headers)
    assert answer.status_code == status
    assert len(_timeline(inbox)) == (2 if status == 204 else 1)


def _follow(inbox: Inbox, count: int, **headers: str) -> list[dict[str, str]]:
    """The first events of the stream, each as its fields."""
    events: list[dict[str, str]] = []
    current: dict[str, str] = {}
    with inbox.client.stream("GET", "/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                current[name] = value
            elif "event" in current:
                events.append(current)
                current = {}
            if len(events) == count:
                break
    return events


def test_the_stream_goes_on_where_it_was_left(inbox: Inbox) -> None:
    """Last-Event-ID: every change after it, once, in order."""
    inbox.post(a_body(an_alert("f1"), an_alert("f2")))
    inbox.client.post("/alerts/1/comment", json={"text": "line\nline"})
    events = _follow(inbox, 2, **{"Last-Event-ID": "1"})
    assert [event["id"] for event in events] == ["2", "3"]
    change = json.loads(events[1]["data"])
    assert (change["kind"], change["alert"], change["text"]) == ("commented", 1, "line\nline")
    wait_until(lambda: inbox.metric("inbox_streams") == 0, "the client is missed")


@pytest.mark.parametrize("place", ["99", "9" * 40])
def test_a_place_that_is_not_kept_resets(inbox: Inbox, place: str) -> None:
    """The follower is told to read the lists again, and not left undelivered."""
    inbox.post(a_body())
    (event,) = _follow(inbox, 1, **{"Last-Event-ID": place})
    assert (event["event"], event["id"]) == ("reset", "1")


@pytest.mark.integration
def test_an_open_stream_gets_what_happens_and_does_not_keep_the_process(
    inbox_process: InboxProcess,
) -> None:
    """A change arrives at once; on SIGTERM the stream ends and so does the process."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = inbox_process.url
    with httpx2.stream("GET", f"{url}/events", timeout=10) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("retry:")
        httpx2.post(f"{url}/webhooks/alertmanager", content=a_body(), headers=headers)
        assert any(line == "event: change" for line in lines)
        assert inbox_process.stop() in {0, -signal.SIGTERM}


def test_runbooks_are_served_by_name(inbox: Inbox) -> None:
    """As text that a browser shows."""
    answer = inbox.client.get("/runbooks/Watchdog")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == (ROOT / "alerting" / "runbooks" / "Watchdog.md").read_text()


@pytest.mark.parametrize(
    "name",
    ["Nothing", "..%2falertmanager.yml", "%2fetc%2fpasswd", "Wat*",
     "..%2frunbooks%2fWatchdog", "Watchdog%00", "%2e%2e%2fREADME", "", "." * 150],
)  # fmt: skip
def test_nothing_else_is_a_runbook(inbox: Inbox, name: str) -> None:
    """A name is looked up in the list of what there is and never made a path."""
    assert inbox.client.get(f"/runbooks/{name}").status_code == 404
