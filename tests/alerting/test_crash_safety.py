"""The inbox as a process that dies, and that is fed too much."""

import contextlib
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.alerting.bodies import a_body, an_alert
from tests.alerting.servers import TOKEN, InboxProcess
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration
# 20 of them, INBOX_KILLS=20, take a minute and a half.
_KILLS = int(os.environ.get("INBOX_KILLS", "4"))
_POSTS = 1000
_HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def _deliver_until_it_dies(url: str, sender: str, acknowledged: list[str]) -> None:
    with httpx2.Client(base_url=url, headers=_HEADERS) as client:
        for number in range(_POSTS):
            fingerprint = f"{sender}-{number}"
            answer = client.post("/webhooks/alertmanager", content=a_body(an_alert(fingerprint)))
            if answer.status_code == httpx2.codes.OK:
                acknowledged.append(fingerprint)


def _send(url: str, sender: str, acknowledged: list[str]) -> None:
    with contextlib.suppress(httpx2.TransportError):
        _deliver_until_it_dies(url, sender, acknowledged)


@pytest.mark.parametrize("round_", range(1, _KILLS + 1))
def test_a_kill_loses_no_acknowledged_delivery(inbox_process: InboxProcess, round_: int) -> None:
    """Eight senders, SIGKILL in the midst: what got a 200 is in the file and in the next life."""
    # By count and not by time, so that a busy machine kills at as many different points.
    kill_after = _POSTS * round_ // (_KILLS + 1)
    acknowledged: list[str] = []
    threads = [
        threading.Thread(target=_send, args=(inbox_process.url, f"s{number}", acknowledged))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(acknowledged) >= kill_after, "deliveries", every_seconds=0.001)
    inbox_process.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()
    assert len(acknowledged) >= kill_after
    inbox_process.start()
    connection = sqlite3.connect(inbox_process.database)
    stored = {name for (name,) in connection.execute("SELECT fingerprint FROM episodes")}
    (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    assert set(acknowledged) <= stored
    assert len(stored) <= len(acknowledged) + len(threads)
    assert verdict == "ok"


def test_it_stops_when_asked_to(inbox_process: InboxProcess) -> None:
    """Cleanly, with everything in the main file and no write-ahead log left."""
    httpx2.post(
        f"{inbox_process.url}/webhooks/alertmanager", content=a_body(), headers=_HEADERS
    ).raise_for_status()
    assert inbox_process.stop() in {0, -signal.SIGTERM}
    assert inbox_process.database.exists()
    assert not inbox_process.database.with_name("inbox.sqlite3-wal").exists()


def _zeros(total: int) -> Iterator[bytes]:
    chunk = bytes(256 * 1024)
    for _ in range(total // len(chunk)):
        yield chunk


def _peak_memory(pid: int) -> int:
    """The most resident bytes the process ever had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


@pytest.mark.parametrize("chunked", [False, True])
def test_100_mb_cost_no_memory(inbox_process: InboxProcess, *, chunked: bool) -> None:
    """They are refused with 413 by their length or on the stream, and never held."""
    assert inbox_process.process is not None
    pid = inbox_process.process.pid
    before = _peak_memory(pid)
    size = 100 * 1024 * 1024
    headers = _HEADERS | ({} if chunked else {"Content-Length": str(size)})
    url = f"{inbox_process.url}/webhooks/alertmanager"
    answer = httpx2.post(url, content=_zeros(size), headers=headers, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 413
    assert _peak_memory(pid) - before < 20 * 1024 * 1024
