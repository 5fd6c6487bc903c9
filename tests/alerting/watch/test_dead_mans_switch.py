"""Whichever of Prometheus and Alertmanager dies, the inbox says so by every way it has.

The time it waits is 10 s here and 150 s as shipped; the fire drills hold the shipped one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.alerting.alertmanager import Alertmanager
from tests.alerting.servers import InboxProcess, serving
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
_LATE_SECONDS = 10


@dataclass
class Chat:
    """A fallback that keeps the messages it is sent."""

    url: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        """Take one message."""
        self.messages.append(await request.json())
        return Response()


@pytest.fixture
def chat() -> Iterator[Chat]:
    """A fallback webhook."""
    chat = Chat()
    with serving(Starlette(routes=[Route("/hook", chat.take, methods=["POST"])])) as url:
        chat.url = f"{url}/hook"
        yield chat


@pytest.fixture
def inbox(tmp_path: Path, chat: Chat) -> Iterator[InboxProcess]:
    """An inbox that soon calls the watchdog late; the test starts it."""
    inbox = InboxProcess(tmp_path)
    inbox.settings = {
        "INBOX_WATCHDOG_LATE_SECONDS": str(_LATE_SECONDS),
        "INBOX_RECONCILE_SECONDS": "0.5",
        "INBOX_FALLBACK_WEBHOOK_URL": chat.url,
    }
    yield inbox
    if inbox.process is not None:
        inbox.stop()


@pytest.fixture
def alertmanager(tmp_path: Path, inbox: InboxProcess) -> Iterator[Alertmanager]:
    """An Alertmanager that was told of the watchdog, and an inbox that knows it."""
    server = Alertmanager(tmp_path / "alertmanager", inbox)
    server.start()
    yield server
    server.stop()


def _tell(alertmanager: Alertmanager) -> None:
    alertmanager.post(alertname="Watchdog", severity="none", service="prometheus")


def _is_late(inbox: InboxProcess) -> bool:
    return "\ninbox_watchdog_late 1.0\n" in httpx2.get(f"{inbox.url}/metrics").text


def _check_told(inbox: InboxProcess, chat: Chat, reason: str) -> None:
    wait_until(lambda: _is_late(inbox), "the watchdog is late")
    wait_until(lambda: bool(chat.messages), "the fallback hears of it")
    assert chat.messages[0]["status"] == "firing"
    assert reason in chat.messages[0]["text"]
    blind = "Blind: alerts are not arriving"
    wait_until(lambda: blind in httpx2.get(f"{inbox.url}/").text, "the page says so")
    assert "the watchdog is late" in (inbox.folder / "inbox.log").read_text()


def _check_back(chat: Chat) -> None:
    wait_until(lambda: len(chat.messages) > 1, "the fallback hears of the end")
    assert chat.messages[1]["status"] == "resolved"


def test_a_dead_alertmanager_is_told(
    inbox: InboxProcess, alertmanager: Alertmanager, chat: Chat
) -> None:
    """Nothing comes any more; and its return is told too."""
    inbox.start()
    _tell(alertmanager)
    wait_until(lambda: bool(_watchdogs(inbox)), "the watchdog")
    alertmanager.stop()
    _check_told(inbox, chat, "The watchdog alert no longer arrives.")
    alertmanager.start()
    _tell(alertmanager)
    _check_back(chat)


def test_a_dead_prometheus_is_told(
    inbox: InboxProcess, alertmanager: Alertmanager, chat: Chat
) -> None:
    """Alertmanager goes on sending what it was told last, and says how old that is if asked."""
    inbox.settings["INBOX_ALERTMANAGER_URL"] = alertmanager.url
    inbox.start()
    _tell(alertmanager)
    wait_until(lambda: bool(_watchdogs(inbox)), "the watchdog")
    _check_told(inbox, chat, "Prometheus no longer sends alerts to Alertmanager.")
    before = _watchdogs(inbox)[0]["deliveries"]
    wait_until(lambda: _watchdogs(inbox)[0]["deliveries"] > before, "one more delivery")
    assert _is_late(inbox)
    _tell(alertmanager)
    _check_back(chat)


def _watchdogs(inbox: InboxProcess) -> list[dict[str, Any]]:
    answer = httpx2.get(f"{inbox.url}/alerts", params={"alertname": "Watchdog"})
    alerts: list[dict[str, Any]] = answer.json()["alerts"]
    return alerts
