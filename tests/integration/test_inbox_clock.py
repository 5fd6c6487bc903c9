"""A wall clock that steps back by an hour loses no alert that is delivered to the inbox."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.alerting.servers import TOKEN, InboxProcess
from tests.servers.clocks import Clock

pytestmark = pytest.mark.integration


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


@pytest.fixture
def inbox(tmp_path: Path, clock: Clock) -> Iterator[InboxProcess]:
    """Run the inbox by that clock."""
    process = InboxProcess(tmp_path, settings=clock.settings)
    process.start()
    yield process
    process.stop()


def deliver(inbox: InboxProcess, name: str, hour: int, *, is_resolved: bool = False) -> None:
    """Tell the inbox of an alert that began at this hour by the sender's clock."""
    status = "resolved" if is_resolved else "firing"
    alert = {
        "status": status,
        "labels": {"alertname": name, "severity": "page", "service": "api"},
        "startsAt": f"2026-01-01T{hour:02}:00:00Z",
        "endsAt": f"2026-01-01T{hour:02}:30:00Z" if is_resolved else "0001-01-01T00:00:00Z",
        "fingerprint": name,
    }
    payload = {"version": "4", "receiver": "inbox", "status": status, "alerts": [alert]}
    answer = httpx2.post(
        f"{inbox.url}/webhooks/alertmanager",
        json=payload,
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert answer.status_code == 200, answer.text


def listed(inbox: InboxProcess, state: str) -> list[dict[str, Any]]:
    answer = httpx2.get(f"{inbox.url}/alerts", params={"state": state})
    found: list[dict[str, Any]] = answer.json()["alerts"]
    return found


def test_clock_that_steps_back_loses_no_alert(inbox: InboxProcess, clock: Clock) -> None:
    """What fires and what resolves after the step is known, across a restart too."""
    deliver(inbox, "Before", hour=12)
    clock.step(-3600)
    deliver(inbox, "After", hour=11)
    deliver(inbox, "Before", hour=12, is_resolved=True)
    inbox.stop()
    inbox.start()
    [firing] = listed(inbox, "firing")
    assert firing["labels"]["alertname"] == "After"
    [resolved] = listed(inbox, "resolved")
    assert resolved["labels"]["alertname"] == "Before"
    assert firing["firstReceivedAt"] < resolved["firstReceivedAt"], "the clock has stepped"
    page = httpx2.get(inbox.url)
    assert page.status_code == 200
    assert "After" in page.text
    assert "Before" in page.text
