"""Long outages of the inbox's process, which run beside the other tests."""

import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import httpx2

from tests.alerting.alertmanager import Alertmanager
from tests.alerting.servers import InboxProcess
from tests.support.waiting import wait_until

OUTAGES = "test_outages"  # the module that asks how they went
GROUP_INTERVAL_SECONDS = 10


class Outages:
    """Two outages at once; each result is the alert that was told of after the return."""

    def __init__(self, folder: Path) -> None:
        """Take a folder; entering the block begins them."""
        self._folder = folder
        self._threads = ThreadPoolExecutor(2)
        self.firing: Future[dict[str, Any]]
        self.resolved: Future[dict[str, Any]]

    def __enter__(self) -> Self:
        """Begin."""
        self.firing = self._threads.submit(self._run, "firing", 3, _fire_during)
        self.resolved = self._threads.submit(self._run, "resolved", 6, _resolve_during)
        return self

    def __exit__(self, *_exception: object) -> None:
        """Wait for the end, so that nothing is left running."""
        self._threads.shutdown(cancel_futures=True)

    def _run(
        self,
        state: str,
        failed_flushes: int,
        do_during: Callable[[Alertmanager], None],
    ) -> dict[str, Any]:
        folder = self._folder / state
        folder.mkdir()
        inbox = InboxProcess(folder)
        inbox.start()
        alertmanager = Alertmanager(folder / "alertmanager", inbox, GROUP_INTERVAL_SECONDS)
        try:
            alertmanager.start()
            alertmanager.post(alertname="Before", service="redis")
            wait_until(lambda: bool(_alerts(inbox, alertname="Before")), "the first alert")
            inbox.stop(signal.SIGKILL)  # its listener alone would go on by keep-alive
            do_during(alertmanager)
            wait_until(
                lambda: alertmanager.failed_flushes() >= failed_flushes, "the outage", seconds=240
            )
            inbox.start()
            name = "During" if state == "firing" else "Before"
            return wait_until(lambda: _alerts(inbox, alertname=name, state=state), name)[0]
        finally:
            alertmanager.stop()
            if inbox.process is not None:
                inbox.stop()


def _fire_during(alertmanager: Alertmanager) -> None:
    alertmanager.post(alertname="During")


def _resolve_during(alertmanager: Alertmanager) -> None:
    alertmanager.resolve(alertname="Before", service="redis")


def _alerts(inbox: InboxProcess, **filters: str) -> list[dict[str, Any]]:
    alerts: list[dict[str, Any]] = httpx2.get(f"{inbox.url}/alerts", params=filters).json()[
        "alerts"
    ]
    return alerts
