"""The whole path of alerts on one page, and a page to try it."""

import json
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.alerting.bodies import WATCHDOG_LABELS, a_body, an_alert
from tests.alerting.conftest import Inbox, an_inbox, settings_in
from tests.alerting.servers import serving
from tests.support.waiting import wait_until


class _Alertmanager:
    """Takes alerts, and counts notifications as its 0.28 does."""

    def __init__(self) -> None:
        self.posted: list[dict[str, object]] = []
        self.tried = {("phone", "webhook"): 3, ("inbox", "webhook"): 4}
        self.failed = {("phone", "webhook"): 0, ("inbox", "webhook"): 0}

    def app(self) -> Starlette:
        """Return what answers."""
        names = [{"name": "inbox"}, {"name": "phone"}]
        return Starlette(
            routes=[
                Route("/api/v2/alerts", self._take, methods=["POST"]),
                Route("/api/v2/alerts", lambda _: JSONResponse([])),
                Route(
                    "/api/v2/receivers",
                    lambda _: JSONResponse(names),
                ),
                Route("/api/v2/status", lambda _: JSONResponse({"uptime": "2026-01-01T00:00:00Z"})),
                Route("/metrics", self._metrics),
            ]
        )

    async def _take(self, request: Request) -> Response:
        self.posted += json.loads(await request.body())
        return Response()

    def _metrics(self, _request: Request) -> Response:
        lines = [
            f'{name}{{receiver_name="{receiver}",integration="{kind}"}} {count}'
            for name, counts in (
                ("alertmanager_notifications_total", self.tried),
                ("alertmanager_notifications_failed_total", self.failed),
            )
            for (receiver, kind), count in counts.items()
        ]
        types = [
            "# TYPE alertmanager_notifications_total counter",
            "# TYPE alertmanager_notifications_failed_total counter",
        ]
        half = len(lines) // 2
        text = [types[0], *lines[:half], types[1], *lines[half:], ""]
        return PlainTextResponse("\n".join(text))


def test_receivers_and_the_last_notification_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification that was given up after the last one that went out is red."""
    monkeypatch.setattr("alerting.inbox.composition._RECEIVERS_SECONDS", 0.05)
    alertmanager = _Alertmanager()
    with (
        serving(alertmanager.app()) as url,
        an_inbox(settings_in(tmp_path, alertmanager_url=url, reconcile_seconds=0.05)) as inbox,
    ):
        inbox.post(a_body(an_alert(labels=WATCHDOG_LABELS)))

        def shows(piece: str) -> bool:
            return piece in inbox.client.get("/health").text

        wait_until(lambda: shows("phone webhook"), "the receivers")
        page = inbox.client.get("/health").text
        assert "not since the inbox started" in page
        assert "The last delivery was stored here <time" in page
        assert "<b>Store</b> takes deliveries" in page
        wait_until(lambda: shows("are told by phone"), "the people")
        alertmanager.tried["phone", "webhook"] += 1
        alertmanager.failed["phone", "webhook"] += 1
        wait_until(lambda: shows('<tr class="bad"><th scope="row">phone webhook'), "the failure")


def test_a_test_page_goes_the_way_of_every_page(tmp_path: Path) -> None:
    """By Alertmanager, only on a request of our own page, and it ends by itself."""
    alertmanager = _Alertmanager()
    with (
        serving(alertmanager.app()) as url,
        an_inbox(settings_in(tmp_path, alertmanager_url=url)) as inbox,
    ):
        refused = inbox.client.post("/health/test", headers={"Sec-Fetch-Site": "cross-site"})
        assert (refused.status_code, alertmanager.posted) == (403, [])
        sent = inbox.client.post("/health/test")
        assert sent.status_code == 303
        (alert,) = alertmanager.posted
        labels = alert["labels"]
        assert isinstance(labels, dict)
        assert (labels["alertname"], labels["severity"]) == ("Try", "page")
        assert str(alert["endsAt"]) > str(alert["startsAt"])
        page = inbox.client.get(sent.headers["location"]).text
        assert f"A test page of <b>{labels['service']}</b> is on its way" in page
        made_up = inbox.client.get("/health", params={"tested": "<b>try-1"}).text
        assert "is on its way" not in made_up


def test_without_alertmanager_nothing_can_be_tried(inbox: Inbox) -> None:
    """And the page does not offer it."""
    assert inbox.client.post("/health/test").status_code == 503
    assert "Send a test page" not in inbox.client.get("/health").text
