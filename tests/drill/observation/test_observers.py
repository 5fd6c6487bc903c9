"""Which pages count against a drill."""

from typing import Any

import httpx2

from burnrate.drill.clients.http import Web
from burnrate.drill.clients.inbox_api import Inbox, read_late
from burnrate.drill.clients.prometheus_api import Prometheus
from burnrate.drill.observation.alert_observer import PageWatch


def web(part: str, bodies: dict[str, Any]) -> Web:
    """A part that answers each path with a body, which the test may change meanwhile."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=bodies[request.url.path])

    return Web(part, "http://127.0.0.1:1", httpx2.MockTransport(answer))


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
    watch = PageWatch(
        Prometheus(web("prometheus", {"/api/v1/alerts": alerts})),
        Inbox(web("inbox", {"/alerts": listed})),
    )
    watch.begin()
    listed["alerts"] = [page(3, "New"), page(2, "Pending"), page(1, "Old")]
    assert [found.labels["alertname"] for found in watch.new()] == ["New"]
    assert watch.is_known(1)
    assert not watch.is_known(2)


def test_whether_the_watchdog_is_late_is_read_from_the_inbox_metrics() -> None:
    """An inbox without the switch says nothing."""
    assert read_late("a 1\ninbox_watchdog_late 1.0\n") is True
    assert read_late("inbox_watchdog_late 0.0\n") is False
    assert read_late("inbox_watchdog_last_seen_timestamp_seconds 1.0\n") is None
