"""From a real Alertmanager into the inbox, through the configuration that ships."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.alerting.alertmanager import Alertmanager
from tests.alerting.servers import TOKEN, InboxProcess
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def alertmanager(tmp_path: Path, inbox_process: InboxProcess) -> Iterator[Alertmanager]:
    """An Alertmanager that knows the inbox."""
    server = Alertmanager(tmp_path / "alertmanager", inbox_process)
    server.start()
    yield server
    server.stop()


def _alerts(inbox: InboxProcess, **filters: str) -> list[dict[str, Any]]:
    alerts: list[dict[str, Any]] = httpx2.get(f"{inbox.url}/alerts", params=filters).json()[
        "alerts"
    ]
    return alerts


def _wait_for(inbox: InboxProcess, **filters: str) -> None:
    wait_until(lambda: bool(_alerts(inbox, **filters)), f"an alert with {filters}")


def _metric(inbox: InboxProcess, sample: str) -> float:
    lines = httpx2.get(f"{inbox.url}/metrics").text.splitlines()
    (value,) = [line.rpartition(" ")[2] for line in lines if line.startswith(f"{sample} ")]
    return float(value)


def test_an_alert_arrives_and_its_resolve_closes_it(
    alertmanager: Alertmanager, inbox_process: InboxProcess
) -> None:
    """And firing once more is a second episode."""
    alertmanager.post(alertname="HighErrors")
    _wait_for(inbox_process, alertname="HighErrors", state="firing")
    alertmanager.resolve(alertname="HighErrors")
    _wait_for(inbox_process, alertname="HighErrors", state="resolved")
    alertmanager.post(alertname="HighErrors")
    _wait_for(inbox_process, alertname="HighErrors", state="firing")
    assert [alert["state"] for alert in _alerts(inbox_process)] == ["firing", "resolved"]
    detail = httpx2.get(f"{inbox_process.url}/alerts/1").json()
    assert [line["kind"] for line in detail["timeline"]] == ["opened", "closed"]
    assert detail["receiver"] == "inbox"
    assert detail["annotations"] == {"summary": "A test."}


def test_a_wrong_token_is_tried_again_until_it_is_right(
    alertmanager: Alertmanager, inbox_process: InboxProcess
) -> None:
    """A rotation that gets out of step delays an alert and loses none."""
    alertmanager.token_file.write_text("a-wrong-token-of-the-tests")
    alertmanager.post(alertname="Rotated")
    wait_until(
        lambda: _metric(inbox_process, 'inbox_deliveries_total{outcome="unauthorized"}') > 0,
        "the wrong token is refused",
    )
    alertmanager.token_file.write_text(TOKEN)
    _wait_for(inbox_process, alertname="Rotated", state="firing")


def test_two_unclustered_alertmanagers_make_one_transition(
    alertmanager: Alertmanager, inbox_process: InboxProcess, tmp_path: Path
) -> None:
    """Each delivers, and the second says nothing new."""
    twin = Alertmanager(tmp_path / "twin", inbox_process)
    twin.start()
    try:
        starts_at = datetime.now(UTC)
        for server in (alertmanager, twin):
            server.post(alertname="Twice", starts_at=starts_at)
        wait_until(
            lambda: [alert["deliveries"] for alert in _alerts(inbox_process)] == [2],
            "both deliveries",
        )
        timeline = httpx2.get(f"{inbox_process.url}/alerts/1").json()["timeline"]
        assert [line["kind"] for line in timeline] == ["opened"]
    finally:
        twin.stop()


def test_the_watchdog_arrives(alertmanager: Alertmanager, inbox_process: InboxProcess) -> None:
    """It is delivered at once, and its time in the metrics is the delivery's."""
    before = time.time()
    alertmanager.post(alertname="Watchdog", severity="none", service="prometheus")
    _wait_for(inbox_process, alertname="Watchdog")
    seen = _metric(inbox_process, "inbox_watchdog_last_seen_timestamp_seconds")
    assert before <= seen <= time.time()


def test_an_incident_of_one_service_is_one_notification(
    alertmanager: Alertmanager, inbox_process: InboxProcess
) -> None:
    """Three pages of the api make one group; a ticket of an SLO that pages is held back."""
    for slo in ("availability", "latency"):
        alertmanager.post(alertname="ErrorBudgetBurnFast", slo=slo)
    alertmanager.post(alertname="TargetDown")
    alertmanager.post(alertname="ErrorBudgetBurnSlow", slo="latency", severity="ticket")
    alertmanager.post(alertname="PoolFull", severity="ticket")
    wait_until(lambda: len(_alerts(inbox_process)) >= 4, "three pages and a ticket")
    # Comes with the tickets' next notification, which the held one would be in as well.
    alertmanager.post(alertname="Later", severity="ticket")
    _wait_for(inbox_process, alertname="Later")
    names = sorted(alert["labels"]["alertname"] for alert in _alerts(inbox_process))
    burn = "ErrorBudgetBurnFast"
    assert names == [burn, burn, "Later", "PoolFull", "TargetDown"]
    groups = httpx2.get(f"{alertmanager.url}/api/v2/alerts/groups").json()
    assert len([group for group in groups if group["labels"] == {"service": "api"}]) == 2


def test_a_resolve_that_alertmanager_lost_is_found_out(
    alertmanager: Alertmanager, inbox_process: InboxProcess
) -> None:
    """What was inhibited as it ended is never told of; the list of what fires is."""
    inbox_process.stop()
    inbox_process.settings = {
        "INBOX_ALERTMANAGER_URL": alertmanager.url,
        "INBOX_RECONCILE_SECONDS": "0.3",
        "INBOX_STALE_AFTER_SECONDS": "0.6",
        "INBOX_CLOSE_AFTER_SECONDS": "1.5",
    }
    inbox_process.start()
    alertmanager.post(alertname="Watchdog", severity="none", service="prometheus")
    alertmanager.post(alertname="Slow", severity="ticket", slo="availability")
    _wait_for(inbox_process, alertname="Slow", state="firing")
    alertmanager.post(alertname="Fast", severity="page", slo="availability")
    wait_until(lambda: alertmanager.is_suppressed("Slow"), "the inhibition")
    alertmanager.post(
        alertname="Slow", severity="ticket", ends_at=datetime.now(UTC), slo="availability"
    )
    _wait_for(inbox_process, alertname="Slow", state="resolved")
    detail = httpx2.get(f"{inbox_process.url}/alerts/2").json()
    assert detail["timeline"][-1]["kind"] == "closed_unconfirmed"
    assert _alerts(inbox_process, alertname="Fast", state="firing")
    alertmanager.stop()
    wait_until(lambda: _alerts(inbox_process, alertname="Fast")[0]["stale"], "stale")
    assert _alerts(inbox_process, alertname="Fast", state="firing")


def test_an_alert_that_cannot_be_delivered_blocks_nobody(
    alertmanager: Alertmanager, inbox_process: InboxProcess
) -> None:
    """A notification over the limit is refused, and its alerts are taken from the list, cut."""
    inbox_process.stop()
    inbox_process.settings = {
        "INBOX_ALERTMANAGER_URL": alertmanager.url,
        "INBOX_RECONCILE_SECONDS": "0.5",
    }
    inbox_process.start()
    alertmanager.post(alertname="Before", service="redis")
    _wait_for(inbox_process, alertname="Before")
    alertmanager.post(alertname="Poison", annotations={"description": "x" * 10_000_000})
    alertmanager.post(alertname="Healthy")
    for name in ("Poison", "Healthy"):
        _wait_for(inbox_process, alertname=name, state="firing")
    assert _metric(inbox_process, 'inbox_deliveries_total{outcome="too_large"}') > 0
    assert _metric(inbox_process, "inbox_alerts_found_total") > 0
    (poison,) = _alerts(inbox_process, alertname="Poison")
    assert poison["deliveries"] == 0
    assert "[cut from 10000000]" in poison["annotations"]["description"]
    assert "Poison" in httpx2.get(f"{inbox_process.url}/").text
