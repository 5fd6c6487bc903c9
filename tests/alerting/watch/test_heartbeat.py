"""Somebody outside hears now and then that alerts would arrive, or why not, or nothing at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.alerting.alertmanager import Alertmanager, AnyAlertmanager, configuration_for
from tests.alerting.servers import TOKEN, InboxProcess, serving
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration  # Alertmanager is a system package


@dataclass
class Monitor:
    """A server that expects signs of life, and a receiver that takes notifications or not.

    Attributes:
        beats: What it was told: empty for well, or the reason.
        refusals: The statuses with which the receiver answers next; then 200.
    """

    url: str = ""
    beats: list[str] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    taken: int = 0

    async def beat(self, _request: Request) -> Response:
        """All is well."""
        self.beats.append("")
        return Response()

    async def fail(self, request: Request) -> Response:
        """Something is not."""
        self.beats.append((await request.body()).decode())
        return Response()

    async def receive(self, _request: Request) -> Response:
        """Take a notification, or refuse it."""
        if self.refusals:
            return Response(status_code=self.refusals.pop(0))
        self.taken += 1
        return Response()

    def next(self) -> str:
        """Wait for what it is told from now on."""
        known = len(self.beats)
        wait_until(lambda: len(self.beats) > known, "a sign of life")
        return self.beats[known]


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    """A monitor that listens."""
    monitor = Monitor()
    routes = [
        Route("/ping/id", monitor.beat, methods=["GET"]),
        Route("/ping/id/fail", monitor.fail, methods=["POST"]),
        Route("/receiver", monitor.receive, methods=["POST"]),
    ]
    with serving(Starlette(routes=routes)) as url:
        monitor.url = url
        yield monitor


@pytest.fixture
def inbox(tmp_path: Path, monitor: Monitor) -> Iterator[InboxProcess]:
    """An inbox that gives quick signs of life; the test starts it."""
    inbox = InboxProcess(tmp_path)
    inbox.settings = {
        "INBOX_RECONCILE_SECONDS": "0.5",
        "INBOX_HEARTBEAT_URL": f"{monitor.url}/ping/id",
        "INBOX_HEARTBEAT_SECONDS": "0.2",
    }
    yield inbox
    if inbox.process is not None:
        inbox.stop()


def _started(inbox: InboxProcess, server: AnyAlertmanager) -> None:
    inbox.settings["INBOX_ALERTMANAGER_URL"] = server.url
    inbox.start()
    server.start()


def _with_a_receiver(folder: Path, inbox: InboxProcess, monitor: Monitor) -> AnyAlertmanager:
    """Return an Alertmanager that tells people, too."""
    token_file = folder / "token"
    token_file.write_text(TOKEN)
    content = configuration_for(inbox, token_file, 2)
    content["receivers"].append(
        {"name": "people", "webhook_configs": [{"url": f"{monitor.url}/receiver"}]}
    )
    people = {"matchers": ['severity = "page"'], "receiver": "people", "continue": True}
    content["route"]["routes"].insert(1, people | {"group_wait": "0s", "group_interval": "2s"})
    return AnyAlertmanager(folder / "alertmanager", yaml.safe_load(yaml.safe_dump(content)))


def test_all_is_well_once_the_watchdog_has_arrived(
    inbox: InboxProcess, tmp_path: Path, monitor: Monitor
) -> None:
    """Not before: a start proves nothing. A dead Alertmanager is told, and its return."""
    server = Alertmanager(tmp_path / "alertmanager", inbox)
    _started(inbox, server)
    try:
        assert httpx2.get(f"{inbox.url}/metrics").status_code == httpx2.codes.OK
        assert monitor.beats == []
        server.post(alertname="Watchdog", severity="none", service="prometheus")
        assert monitor.next() == ""
        server.stop()
        wait_until(lambda: "does not answer" in monitor.next(), "it is told")
        server.start()
        wait_until(lambda: monitor.next() == "", "it is told that all is well")
    finally:
        server.stop()


def test_what_a_receiver_takes_at_last_is_no_trouble_and_what_it_refuses_is(
    inbox: InboxProcess, tmp_path: Path, monitor: Monitor
) -> None:
    """503 twice, then delivered; later 403, which Alertmanager gives up."""
    server = _with_a_receiver(tmp_path, inbox, monitor)
    _started(inbox, server)
    try:
        server.post(alertname="Watchdog", severity="none", service="prometheus")
        wait_until(lambda: "" in monitor.beats, "all is well")
        monitor.refusals = [503, 503]
        server.post(alertname="Slow")
        wait_until(lambda: monitor.taken == 1, "the receiver takes it")
        assert monitor.next() == ""
        assert set(monitor.beats) == {""}
        monitor.refusals = [403]
        server.post(alertname="Down")
        wait_until(lambda: "cannot deliver to" in monitor.next(), "it is told")
        assert "webhook" in monitor.beats[-1]
    finally:
        server.stop()


def test_an_inbox_that_is_killed_says_nothing_more(
    inbox: InboxProcess, tmp_path: Path, monitor: Monitor
) -> None:
    """Which is what the monitor waits for; a store that does not work is told by itself."""
    server = Alertmanager(tmp_path / "alertmanager", inbox)
    _started(inbox, server)
    try:
        server.post(alertname="Watchdog", severity="none", service="prometheus")
        wait_until(lambda: "" in monitor.beats, "all is well")
        # A folder in the way of the file: nothing can be opened or made.
        inbox.database.unlink()
        inbox.database.mkdir()
        wait_until(lambda: "store" in monitor.next(), "it is told")
    finally:
        server.stop()


def test_an_address_that_takes_nothing_is_counted(inbox: InboxProcess, monitor: Monitor) -> None:
    """And harms nothing; without a watchdog to wait for there is no need of one."""
    inbox.settings |= {
        "INBOX_HEARTBEAT_URL": f"{monitor.url}/nowhere",
        "INBOX_WATCHDOG_LATE_SECONDS": "0",
    }
    inbox.start()
    sample = 'inbox_heartbeats_total{outcome="error"}'
    wait_until(
        lambda: f"{sample} 0.0" not in httpx2.get(f"{inbox.url}/metrics").text, "an error counts"
    )
    assert httpx2.get(f"{inbox.url}/health/ready").status_code == httpx2.codes.OK
    assert monitor.url not in (inbox.folder / "inbox.log").read_text()
