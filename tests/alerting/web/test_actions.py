"""What people do: acknowledge, and comment."""

import json

import pytest

from tests.alerting.bodies import a_body
from tests.alerting.conftest import Inbox


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
        ({"Origin": "http://evil.example:8090", "Host": "evil.example:8090"}, 421),
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
