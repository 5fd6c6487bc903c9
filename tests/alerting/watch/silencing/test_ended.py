"""What ends while it is held back is closed, by a real Alertmanager and a real Prometheus."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
import yaml

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.store import Alert, Delivery, State, Store
from alerting.inbox.watch import (
    EndedWhileMuted,
    FiringRules,
    Matcher,
    MutingWatch,
    NewSilence,
    SilencingClient,
)
from burnrate.stack import free_port
from tests.alerting.alertmanager import AnyAlertmanager
from tests.servers.processes import HOST, ServerProcess
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
_ROUTE = {"route": {"receiver": "none", "group_wait": "0s"}, "receivers": [{"name": "none"}]}


@dataclass
class Prometheus:
    """One that evaluates one rule each second and tells Alertmanager."""

    folder: Path
    alertmanager: AnyAlertmanager
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"

    def let(self, *, fire: bool) -> None:
        """Write the rule as one that is true or not."""
        expr = "vector(1)" if fire else "vector(1) > 2"
        rule = {"alert": "Down", "expr": expr, "labels": {"service": "api"}}
        groups = {"groups": [{"name": "all", "interval": "1s", "rules": [rule]}]}
        (self.folder / "rules.yml").write_text(yaml.safe_dump(groups))

    def process(self) -> ServerProcess:
        """Return it, not started yet."""
        target = self.alertmanager.url.removeprefix("http://")
        managers = [{"static_configs": [{"targets": [target]}]}]
        content = {"rule_files": ["rules.yml"], "alerting": {"alertmanagers": managers}}
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(content))
        return ServerProcess(
            [
                "prometheus",
                f"--config.file={self.folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self.folder / 'data'}",
                f"--web.listen-address={HOST}:{self.port}",
                "--web.enable-lifecycle",
                # The first time, Alertmanager is not known yet.
                "--rules.alert.resend-delay=1s",
            ],
            self.folder / "prometheus.log",
            port=self.port,
        )

    def end(self) -> None:
        """Let the alert end."""
        self.let(fire=False)
        httpx2.post(f"{self.url}/-/reload").raise_for_status()

    def alerts(self) -> int:
        """Return how many it has."""
        answer = httpx2.get(f"{self.url}/api/v1/alerts").json()
        return len(answer["data"]["alerts"])

    def told(self) -> int:
        """Return how many Alertmanager lists."""
        return len(httpx2.get(f"{self.alertmanager.url}/api/v2/alerts").json())


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Prometheus]:
    """One whose alert fires, and is listed."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    alertmanager = AnyAlertmanager(tmp_path / "alertmanager", _ROUTE)
    prometheus = Prometheus(tmp_path, alertmanager)
    prometheus.let(fire=True)
    alertmanager.start()
    try:
        with prometheus.process().running():
            wait_until(lambda: prometheus.told() == 1, "the alert is listed")
            yield prometheus
    finally:
        alertmanager.stop()


def _delivery(fingerprint: str, at: datetime, **labels: str) -> Delivery:
    alert = Alert(
        state=State.FIRING,
        fingerprint=fingerprint,
        starts_at=at,
        ends_at=None,
        labels={"alertname": "Down", "service": "api"} | labels,
        annotations={},
        generator_url="",
    )
    return Delivery(
        received_at=at,
        request_id="",
        receiver="inbox",
        group_key="",
        status=State.FIRING,
        external_url="",
        truncated_alerts=0,
        alerts=(alert,),
        body="{}",
    )


async def _open(store: Store, fingerprint: str) -> bool:
    return bool(await store.open_labels([fingerprint]))


@pytest.mark.parametrize("settled_seconds", [0, 3600])
def test_what_ended_in_silence_is_closed_the_second_time(
    prometheus: Prometheus, tmp_path: Path, settled_seconds: int
) -> None:
    """Not the first time, and not while Prometheus has only just started."""

    async def run() -> None:
        store, changes = Store(tmp_path / "inbox.sqlite3"), ChangeSignal()
        async with httpx2.AsyncClient(trust_env=False) as http:
            client = SilencingClient(prometheus.alertmanager.url, http)
            muting = MutingWatch(client)
            rules = FiringRules(prometheus.url, http)
            settled = timedelta(seconds=settled_seconds)
            ended = EndedWhileMuted(muting, rules, store, changes, settled)
            (listed,) = await client.alerts()
            now = datetime.now(UTC)
            await store.record(_delivery(listed.fingerprint, now))
            matchers = (Matcher("service", "api"),)
            await client.create(NewSilence(matchers, now, now + timedelta(hours=1), "a", "b"))
            await muting.read()
            await ended()
            prometheus.end()
            wait_until(lambda: prometheus.alerts() == prometheus.told() == 0, "the end is known")
            await muting.read()
            await ended()
            assert await _open(store, listed.fingerprint)
            await ended()
            assert await _open(store, listed.fingerprint) is (settled_seconds > 0)
        await store.close()

    asyncio.run(run())


def test_what_prometheus_has_or_never_had_stays_open(
    prometheus: Prometheus, tmp_path: Path
) -> None:
    """Alertmanager lost it with its restart; another one came from elsewhere."""

    async def run() -> None:
        store, changes = Store(tmp_path / "inbox.sqlite3"), ChangeSignal()
        async with httpx2.AsyncClient(trust_env=False) as http:
            client = SilencingClient(prometheus.alertmanager.url, http)
            muting = MutingWatch(client)
            rules = FiringRules(prometheus.url, http)
            ended = EndedWhileMuted(muting, rules, store, changes, timedelta())
            prometheus.alertmanager.post(alertname="Down", service="api", slo="elsewhere")
            now = datetime.now(UTC)
            listed = await client.alerts()
            for alert in listed:
                await store.record(_delivery(alert.fingerprint, now, **alert.labels))
            matchers = (Matcher("alertname", "Down"),)
            await client.create(NewSilence(matchers, now, now + timedelta(hours=1), "a", "b"))
            await muting.read()
            await ended()
            prometheus.alertmanager.resolve(alertname="Down", service="api")
            for _ in range(3):
                await muting.read()
                await ended()
            assert [await _open(store, alert.fingerprint) for alert in listed] == [True, True]
        await store.close()

    asyncio.run(run())
