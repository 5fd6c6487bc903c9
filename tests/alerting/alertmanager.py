"""A real Alertmanager, with the repository's configuration and faster clocks."""

import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import yaml

from burnrate.stack import free_port
from tests.alerting.servers import ROOT, TOKEN, InboxProcess, answers
from tests.servers.groups import end_group, launch_group
from tests.support.waiting import wait_until

CONFIGURATION = ROOT / "alerting" / "alertmanager.yml"
# Everything waits this long at most, where the shipped file says a minute and more.
GROUP_INTERVAL_SECONDS = 2


def find_program() -> str:
    """Debian's name of it, or upstream's."""
    for name in ("prometheus-alertmanager", "alertmanager"):
        if path := shutil.which(name):
            return path
    raise AssertionError("Alertmanager is not installed (Debian: prometheus-alertmanager)")


def configuration_for(
    inbox: InboxProcess, token_file: Path, group_interval_seconds: int
) -> dict[str, Any]:
    """The shipped configuration, with addresses and short intervals put in."""
    content: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
    for route in [content["route"], *content["route"]["routes"]]:
        route["group_wait"] = "0s"
        route["group_interval"] = f"{group_interval_seconds}s"
    # The watchdog comes at each flush, as it comes once a minute with the shipped file.
    content["route"]["routes"][0]["repeat_interval"] = "1s"
    (webhook,) = content["receivers"][0]["webhook_configs"]
    webhook["url"] = f"{inbox.url}/webhooks/alertmanager"
    webhook["http_config"]["authorization"]["credentials_file"] = str(token_file)
    return content


class AnyAlertmanager:
    """One unclustered Alertmanager, with any configuration."""

    def __init__(self, folder: Path, content: Mapping[str, Any]) -> None:
        """Write its file; `start` starts it."""
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(content))

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with (self._folder / "log").open("wb") as log:
            self._process = launch_group(
                [
                    find_program(),
                    f"--config.file={self._folder / 'alertmanager.yml'}",
                    f"--storage.path={self._folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                    "--cluster.listen-address=",
                ],
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(lambda: answers(f"{self.url}/-/ready"), "Alertmanager is ready")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            end_group(self._process)
            self._process = None

    def post(
        self,
        *,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
        annotations: Mapping[str, str] | None = None,
        **labels: str,
    ) -> None:
        """Tell it of an alert, as Prometheus does; resolved if it has ended."""
        times = {"startsAt": starts_at, "endsAt": ends_at}
        alert = {
            "labels": {"severity": "page", "service": "api"} | labels,
            "annotations": dict(annotations or {"summary": "A test."}),
        } | {name: time.isoformat() for name, time in times.items() if time}
        httpx2.post(f"{self.url}/api/v2/alerts", json=[alert]).raise_for_status()

    def failed_flushes(self) -> int:
        """Return how many notifications it has given up until their group's next flush."""
        lines = httpx2.get(f"{self.url}/metrics").text.splitlines()
        name = 'alertmanager_notifications_failed_total{integration="webhook"'
        return sum(int(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    def is_suppressed(self, alertname: str) -> bool:
        """Tell whether an alert is held back by another one."""
        alerts = httpx2.get(f"{self.url}/api/v2/alerts").json()
        return any(
            alert["status"]["state"] == "suppressed"
            for alert in alerts
            if alert["labels"]["alertname"] == alertname
        )

    def resolve(
        self,
        alertname: str,
        service: str = "api",
        severity: str = "page",
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Tell it that an alert has ended now."""
        self.post(
            ends_at=datetime.now(UTC),
            annotations=annotations,
            alertname=alertname,
            service=service,
            severity=severity,
        )


class Alertmanager(AnyAlertmanager):
    """With the repository's configuration and faster clocks."""

    def __init__(
        self,
        folder: Path,
        inbox: InboxProcess,
        group_interval_seconds: int = GROUP_INTERVAL_SECONDS,
    ) -> None:
        """Write its files; `start` starts it."""
        self.token_file = folder / "token"
        folder.mkdir()
        self.token_file.write_text(TOKEN)
        super().__init__(folder, configuration_for(inbox, self.token_file, group_interval_seconds))
