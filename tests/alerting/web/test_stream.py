"""The stream of changes."""

import json
import signal

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.sse import EventSourceResponse
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.store import StoredChange
from alerting.inbox.store.transitions import Range
from alerting.inbox.web import Stream
from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import Inbox
from tests.alerting.servers import TOKEN, InboxProcess
from tests.support.waiting import PATIENCE_SECONDS, wait_until


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
    with httpx2.stream("GET", f"{url}/events", timeout=PATIENCE_SECONDS) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("retry:")
        httpx2.post(f"{url}/webhooks/alertmanager", content=a_body(), headers=headers)
        assert any(line == "event: change" for line in lines)
        assert inbox_process.stop() in {0, -signal.SIGTERM}


def test_there_is_room_for_so_many_and_no_more(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes later is told to come again, and is served once somebody has left."""
    monkeypatch.setattr("alerting.inbox.web.stream._MAX_STREAMS", 1)
    with inbox.client.stream("GET", "/events") as first:
        assert first.status_code == 200
        refused = inbox.client.get("/events")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        assert inbox.metric("inbox_streams") == 1
    wait_until(lambda: inbox.metric("inbox_streams") == 0, "the first is missed")
    inbox.post(a_body())
    assert [event["id"] for event in _follow(inbox, 1, **{"Last-Event-ID": "0"})] == ["1"]


class FailingStore:
    """Knows which changes there are, and fails when it is asked for them."""

    async def range_of_changes(self) -> Range:
        """Return that there are none."""
        return Range(oldest=1, newest=0)

    async def changes_after(self, _after_id: int, _limit: int) -> list[StoredChange]:
        """Fail."""
        raise StoreUnavailableError("the disk is gone")


def test_a_store_that_fails_ends_the_stream() -> None:
    """Cleanly, so that the browser comes back by itself with its place."""
    registry = CollectorRegistry()
    stream = Stream(FailingStore(), ChangeSignal(), InboxMetrics(registry))  # type: ignore[arg-type] # all it asks
    app = FastAPI()
    app.add_api_route("/events", stream.endpoint(), response_class=EventSourceResponse)
    with TestClient(app) as client:
        assert client.get("/events").text == "retry: 2000\n\n"
    assert registry.get_sample_value("inbox_streams") == 0


@pytest.mark.integration
def test_a_stream_without_changes_is_kept_alive(inbox_process: InboxProcess) -> None:
    """By a comment, before proxies and phones drop the connection."""
    with httpx2.stream("GET", f"{inbox_process.url}/events", timeout=40) as answer:
        assert any(line.startswith(":") for line in answer.iter_lines())


def test_the_document_says_that_a_refused_stream_answers_with_json(inbox: Inbox) -> None:
    """Only what is followed is a stream of events."""
    document = inbox.client.get("/openapi.json").json()
    answers = document["paths"]["/events"]["get"]["responses"]
    described = {status: list(answer["content"]) for status, answer in answers.items()}

    assert described.pop("200") == ["text/event-stream"]
    assert set(described) == {"422", "500", "503"}
    assert all(types == ["application/json"] for types in described.values())
    reference = answers["503"]["content"]["application/json"]["schema"]["$ref"]
    assert reference.rpartition("/")[2] in document["components"]["schemas"]
