"""What fires when the store is lost, while Alertmanager has no reason to send it again."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
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


def _delete(file: Path) -> None:
    file.unlink()


def _damage(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))


def _hear(inbox: Inbox) -> None:
    """Deliver the watchdog, which goes on being delivered whatever is lost."""
    inbox.post(a_body(an_alert("w", labels={"alertname": "Watchdog", "severity": "none"})))


def _is_found(inbox: Inbox) -> bool:
    """Whether it is there and was not delivered."""
    # While the file is not made anew, nothing can be read.
    answer = inbox.client.get("/alerts", params={"alertname": "HighErrors"}).json()
    return [alert["deliveries"] for alert in answer.get("alerts", [])] == [0]


class _Polled:
    """An inbox whose Alertmanager counts how often it was asked."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.polls = 0
        app = Starlette(routes=[Route("/api/v2/{name}", self._answer)])
        settings = settings_in(
            folder, alertmanager_url=stack.enter_context(serving(app)), reconcile_seconds=0.1
        )
        self.inbox = stack.enter_context(an_inbox(settings))

    def wait_for_polls(self) -> None:
        """Return when all that is known here by now has been compared."""
        polls = self.polls
        wait_until(lambda: self.polls > polls + 3, "it is asked")

    def _answer(self, request: Request) -> JSONResponse:
        name = request.path_params["name"]
        self.polls += name == "status"
        return JSONResponse(_ANSWERS[name])


@pytest.fixture
def polled(tmp_path: Path) -> Iterator[_Polled]:
    with ExitStack() as stack:
        yield _Polled(tmp_path, stack)


@pytest.mark.parametrize("lose", [_delete, _damage])
@pytest.mark.parametrize("is_polled", [True, False])
def test_it_is_taken_over_from_alertmanager_at_once(
    polled: _Polled, lose: Callable[[Path], None], is_polled: bool
) -> None:
    """Not only after the time for which an alert on its list may be on its way."""
    inbox = polled.inbox
    inbox.post(a_body(an_alert("f1")))
    lose(inbox.settings.database_path)
    if is_polled:  # before anything is delivered to the new store
        polled.wait_for_polls()
    _hear(inbox)
    wait_until(lambda: _is_found(inbox), "it is found again")
    assert "<h1>1 page firing</h1>" in inbox.client.get("/").text


@pytest.mark.parametrize("lose", [_delete, _damage])
def test_no_delivery_is_waited_for(polled: _Polled, lose: Callable[[Path], None]) -> None:
    """Whose alerts are ours is known from the lost store."""
    inbox = polled.inbox
    inbox.post(a_body(an_alert("f1")))
    polled.wait_for_polls()
    lose(inbox.settings.database_path)
    wait_until(lambda: _is_found(inbox), "it is found again")


def test_what_was_refused_before_the_first_delivery_is_opened_with_it(polled: _Polled) -> None:
    """However many polls there were before anybody was known to deliver here."""
    inbox = polled.inbox
    assert inbox.post(b"{}").status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    polled.wait_for_polls()
    assert not _is_found(inbox)
    _hear(inbox)
    wait_until(lambda: _is_found(inbox), "it is found")


def test_a_new_inbox_waits_for_what_is_on_its_way(polled: _Polled) -> None:
    """Its store is empty and nothing is lost."""
    _hear(polled.inbox)
    polled.wait_for_polls()
    assert not _is_found(polled.inbox)
