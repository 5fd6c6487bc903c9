"""What fires when the store is lost, while Alertmanager has no reason to send it again."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.conftest import Inbox, an_inbox, settings_in
from tests.alerting.servers import serving
from tests.support.waiting import wait_until

_ANSWERS = {
    "alerts": [
        an_alert("f1")
        | {
            "endsAt": "2999-01-01T00:00:00Z",
            "updatedAt": "2026-01-01T00:00:00Z",
            "receivers": [{"name": "inbox"}],
            "status": {"state": "active"},
        }
    ],
    "silences": [],
    "status": {"uptime": "2026-01-01T00:00:00Z"},
    "receivers": [{"name": "inbox"}],
}


def _answer(request: Request) -> JSONResponse:
    return JSONResponse(_ANSWERS[request.path_params["name"]])


def _delete(file: Path) -> None:
    file.unlink()


def _damage(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))


def _is_found(inbox: Inbox) -> bool:
    """Whether it is there and was not delivered; the watchdog goes on being so."""
    inbox.post(a_body(an_alert("w", labels={"alertname": "Watchdog", "severity": "none"})))
    # While the file is not made anew, nothing can be read.
    answer = inbox.client.get("/alerts", params={"alertname": "HighErrors"}).json()
    return [alert["deliveries"] for alert in answer.get("alerts", [])] == [0]


@pytest.mark.parametrize("lose", [_delete, _damage])
def test_it_is_taken_over_from_alertmanager_at_once(
    tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    """Not only after the time for which an alert on its list may be on its way."""
    app = Starlette(routes=[Route("/api/v2/{name}", _answer)])
    with (
        serving(app) as url,
        an_inbox(settings_in(tmp_path, alertmanager_url=url, reconcile_seconds=0.1)) as inbox,
    ):
        inbox.post(a_body(an_alert("f1")))
        lose(inbox.settings.database_path)
        wait_until(lambda: _is_found(inbox), "it is found again")
        assert "<h1>1 page firing</h1>" in inbox.client.get("/").text


def test_a_new_inbox_waits_for_what_is_on_its_way(tmp_path: Path) -> None:
    """Its store is empty and nothing is lost."""
    asked: list[str] = []

    def answer(request: Request) -> JSONResponse:
        asked.append(request.path_params["name"])
        return _answer(request)

    app = Starlette(routes=[Route("/api/v2/{name}", answer)])
    with (
        serving(app) as url,
        an_inbox(settings_in(tmp_path, alertmanager_url=url, reconcile_seconds=0.1)) as inbox,
    ):
        wait_until(lambda: asked.count("status") > 3, "it is asked")
        assert inbox.alerts() == []
