"""What the page says when something is missing from it, and what comes first when there is much."""

import sqlite3
from pathlib import Path

import httpx2
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import Inbox, an_inbox, settings_in
from tests.alerting.servers import serving
from tests.support.waiting import wait_until


def test_a_page_is_not_hidden_behind_tickets(inbox: Inbox) -> None:
    """The oldest of 331 alerts, and first on the page; headlines count all."""
    inbox.post(a_body(an_alert("page", labels={"alertname": "TheOnlyPage"})))
    for start in range(0, 330, 110):
        tickets = [
            an_alert(f"t{number}", labels={"severity": "ticket", "alertname": f"T{number}"})
            for number in range(start, start + 110)
        ]
        inbox.post(a_body(*tickets))
    page = inbox.client.get("/").text
    assert "1 page firing" in page
    assert "330 tickets open as well" in page
    assert "230 more" in page
    assert page.index("TheOnlyPage") < page.index("T329")


def test_a_refused_delivery_is_the_headline_at_once(inbox: Inbox) -> None:
    """Until one is stored again; readiness says the same."""
    database = inbox.settings.database_path
    inbox.post(a_body())
    assert "1 page firing" in inbox.client.get("/").text
    away = database.parent.with_name("away")
    database.parent.rename(away)
    assert inbox.post(a_body()).status_code == httpx2.codes.SERVICE_UNAVAILABLE
    away.rename(database.parent)
    page = inbox.client.get("/").text
    assert "Blind: alerts are not arriving" in page
    assert "Deliveries cannot be stored" in page
    inbox.post(a_body())
    assert "1 page firing" in inbox.client.get("/").text


def test_a_damaged_store_is_named(inbox: Inbox) -> None:
    """On the page, in readiness and in the metrics, while the file stands there."""
    inbox.post(a_body())
    database = inbox.settings.database_path
    _fold(inbox)
    with database.open("r+b") as file:
        file.write(b"this is no database " * 1000)
    assert inbox.post(a_body(an_alert("f2"))).status_code == httpx2.codes.OK
    ready = inbox.client.get("/health/ready")
    assert ready.status_code == httpx2.codes.OK
    (name,) = ready.json()["set_aside"]
    assert f"The store was damaged: {name}" in inbox.client.get("/").text
    assert inbox.metric("inbox_damaged_stores") == 1
    for path in database.parent.glob(f"{name}*"):
        path.unlink()
    assert "The store was damaged" not in inbox.client.get("/").text


def test_a_store_that_was_deleted_is_named(inbox: Inbox) -> None:
    """It held alerts that the page does not show."""
    inbox.post(a_body())
    Path(inbox.settings.database_path).unlink()
    inbox.post(a_body(an_alert("f2")))
    assert "file was deleted or replaced" in inbox.client.get("/").text


def test_alerts_that_alertmanager_left_out_are_counted(inbox: Inbox) -> None:
    """Of what it sent last of each group: a later delivery that has all takes the notice away."""
    inbox.post(a_body(truncatedAlerts=7))
    inbox.post(a_body(an_alert("g"), truncatedAlerts=1, groupKey="another"))
    assert "Alertmanager left 8 alerts out" in inbox.client.get("/").text
    inbox.post(a_body(groupKey="another"))
    assert "Alertmanager left 7 alerts out" in inbox.client.get("/").text
    inbox.post(a_body())
    assert "Alertmanager left" not in inbox.client.get("/").text


def _fold(inbox: Inbox) -> None:
    """Have the write-ahead log in the file, which would heal it otherwise."""
    with sqlite3.connect(inbox.settings.database_path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_the_page_says_who_is_told(tmp_path: Path) -> None:
    """By Alertmanager's own list; unless it is meant, nobody is said in so many words."""
    names: list[str] = ["inbox"]
    routes = [
        Route("/api/v2/alerts", lambda _: JSONResponse([])),
        Route("/api/v2/status", lambda _: JSONResponse({"uptime": "2026-01-01T00:00:00Z"})),
        Route("/api/v2/receivers", lambda _: JSONResponse([{"name": name} for name in names])),
    ]
    with serving(Starlette(routes=routes)) as url:
        changes = {"alertmanager_url": url, "reconcile_seconds": 0.1}
        with an_inbox(settings_in(tmp_path, **changes)) as inbox:
            wait_until(lambda: "Nobody is told" in inbox.client.get("/").text, "it is said")
            names.append("ntfy-pages")
            wait_until(lambda: "told by ntfy-pages" in inbox.client.get("/").text, "who is told")
        (tmp_path / "meant").mkdir()
        names.remove("ntfy-pages")
        with an_inbox(settings_in(tmp_path / "meant", notify="nobody", **changes)) as inbox:
            wait_until(lambda: "not told, as NOTIFY says" in inbox.client.get("/").text, "meant")
