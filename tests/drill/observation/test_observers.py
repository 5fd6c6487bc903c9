"""What is seen of pages, which count against a drill, and of the watchdog."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx2
import pytest

from burnrate.drill.clients import AlertmanagerApi, InboxApi, PrometheusApi
from burnrate.drill.expectation import ExpectedAlert
from burnrate.drill.observation import AlertObserver, PageObserver, WatchdogObserver
from burnrate.http_client import HttpClient


def answering(part: str, answer: Callable[[httpx2.Request], httpx2.Response]) -> HttpClient:
    """Return a client of a part that answers so."""
    return HttpClient(part, "http://127.0.0.1:1", transport=httpx2.MockTransport(answer))


def client(part: str, bodies: dict[str, Any]) -> HttpClient:
    """Return a part that gives each path a body, which the test may change meanwhile."""
    return answering(part, lambda request: httpx2.Response(200, json=bodies[request.url.path]))


def page(number: int, name: str) -> dict[str, Any]:
    """A page as the inbox lists it."""
    at = "2026-11-24T12:00:00Z"
    times = {"startsAt": at, "firstReceivedAt": at, "lastReceivedAt": at}
    labels = {"alertname": name, "severity": "page", "service": "api"}
    return {"id": number, "state": "firing", "labels": labels, **times}


def test_a_page_that_was_there_or_on_its_way_before_the_fault_does_not_count() -> None:
    """Only what this fault may have caused: not what an earlier drill left pending."""
    pending = {"labels": page(0, "Pending")["labels"], "state": "pending"}
    pending["activeAt"] = "2026-11-24T11:59:00Z"
    alerts = {"status": "success", "data": {"alerts": [pending]}}
    listed = {"alerts": [page(1, "Old")], "next": None}
    observer = PageObserver(
        PrometheusApi(client("prometheus", {"/api/v1/alerts": alerts})),
        InboxApi(client("inbox", {"/alerts": listed})),
    )
    observer.begin()
    listed["alerts"] = [page(3, "New"), page(2, "Pending"), page(1, "Old")]
    assert [found.labels["alertname"] for found in observer.new()] == ["New"]
    assert observer.is_known(1)
    assert not observer.is_known(2)


@pytest.mark.parametrize(
    ("metrics", "is_late"),
    [
        ("a 1\ninbox_watchdog_late 1.0\n", True),
        ("inbox_watchdog_late 0.0\n", False),
        ("inbox_watchdog_last_seen_timestamp_seconds 1.0\n", None),
    ],
)
def test_whether_the_watchdog_is_late_is_read_from_the_inbox_metrics(
    metrics: str, *, is_late: bool | None
) -> None:
    """An inbox without the switch says nothing."""
    inbox = InboxApi(answering("inbox", lambda _: httpx2.Response(200, text=metrics)))
    assert inbox.is_watchdog_late() is is_late
    seen = WatchdogObserver(inbox).observe()
    assert (seen.stored_at is not None, seen.resolved_at is not None) == (
        is_late is True,
        is_late is False,
    )


def test_an_inbox_that_does_not_answer_has_not_been_seen() -> None:
    """It may be the one that is stopped."""

    def refuse(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    seen = WatchdogObserver(InboxApi(answering("inbox", refuse))).observe()
    assert (seen.stored_at, seen.resolved_at) == (None, None)


def at(minute: int) -> str:
    """Return a minute of an hour as the inbox writes it."""
    return f"2026-11-24T12:{minute:02}:00Z"


def test_any_page_of_the_slo_is_the_arrival_and_the_first_that_resolves_ends_it() -> None:
    """The slower tier came first here; one that was firing before the fault is none of it."""
    old, high, fast = (
        page(n, name) for n, name in ((1, "BurnMedium"), (2, "BurnHigh"), (3, "BurnFast"))
    )
    other = page(4, "Other")
    high["firstReceivedAt"], fast["firstReceivedAt"] = at(5), at(6)
    active = [
        {"labels": old["labels"], "state": "firing", "activeAt": at(0)},
    ]
    alerts = {"status": "success", "data": {"alerts": active}}
    listed = {"alerts": [old], "next": None}
    prometheus = PrometheusApi(client("prometheus", {"/api/v1/alerts": alerts}))
    inbox = InboxApi(client("inbox", {"/alerts": listed}))
    pages = PageObserver(prometheus, inbox)
    pages.begin()
    none = AlertmanagerApi(answering("alertmanager", lambda _: httpx2.Response(503)))
    expected = ExpectedAlert({"service": "api"}, name="Burn.*")
    observer = AlertObserver(prometheus, none, inbox, pages, expected, None, "", 0.0)

    assert observer.observe().stored_at is None
    listed["alerts"] = [fast, high, other, old]
    seen = observer.observe()
    assert (seen.alert, seen.resolved_at) == ("BurnHigh", None)
    assert seen.stored_at == datetime.fromisoformat(at(5)).timestamp()
    fast["state"], fast["lastReceivedAt"] = "resolved", at(9)
    old["state"], old["lastReceivedAt"] = "resolved", at(7)
    seen = observer.observe()
    assert seen.resolved_at == datetime.fromisoformat(at(9)).timestamp()
