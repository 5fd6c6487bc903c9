"""Ledgers on real Prometheus servers, of which one is killed, against the client's own count.

What rules look back for is three seconds instead of minutes, so that a hole is soon one.
"""

import json
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
import yaml

from burnrate.stack import free_port
from tests.servers.processes import HOST, ROOT, ServerProcess
from tests.support.waiting import wait_until

_SECONDS = 3
# Longer than a page's longest window.
_PAST_SECONDS = 8 * 3600
_RULES = ROOT / "prometheus/rules/slo-api-availability.yml"


@dataclass
class Counters:
    """What a front door exposes; each process of it counts from 0."""

    good: int = 0
    bad: int = 0
    started: float = field(default_factory=time.time)

    def serve(self, *, good: int, bad: int) -> None:
        """Answer so many requests."""
        self.good += good
        self.bad += bad

    def restart(self) -> None:
        """Be another process."""
        self.good = self.bad = 0
        self.started = time.time()

    def text(self) -> str:
        """Return the exposition; a series comes with its first event."""
        lines = [f"process_start_time_seconds {self.started}"]
        for outcome, value in (("good", self.good), ("bad", self.bad)):
            if value:
                lines.append(f'front_door_requests_total{{outcome="{outcome}"}} {value}')
        return "\n".join([*lines, ""])


@contextmanager
def exposed(counters: Counters) -> Iterator[int]:
    """Serve the counters for the block; give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(counters.text().encode())

        def log_message(self, *_: object) -> None:
            """Write no access log."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Prometheus:
    """A replica with a ledger of its own."""

    process: ServerProcess
    url: str

    def value(self, query: str) -> float | None:
        """Return a query's value; None where there is none, or no answer."""
        try:
            answer = httpx2.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=5)
        except httpx2.HTTPError:
            return None
        result = answer.json()["data"]["result"] if answer.status_code == 200 else []
        return float(result[0]["value"][1]) if result else None

    def ledger(self) -> tuple[float | None, float | None]:
        """Return all events and the bad ones."""
        total, bad = (self.value(f"sum(slo:{kind}_events:total)") for kind in ("total", "bad"))
        return total, bad

    def pages(self) -> set[str]:
        """Return what it pages for now, not what it wrote down before it was killed."""
        alerts = httpx2.get(f"{self.url}/api/v1/alerts", timeout=30).json()["data"]["alerts"]
        pages = [each for each in alerts if each["labels"]["severity"] == "page"]
        return {each["labels"]["alertname"] for each in pages if each["state"] == "firing"}

    def wait_for(self, total: int, bad: int) -> None:
        """Return once its ledger says so."""
        wait_until(lambda: self.ledger() == (total, bad), f"{total}, {bad}; {self.ledger()}")

    def hole(self) -> None:
        """Be killed and come back once nothing of before is found by looking back."""
        self.process.stop(signal.SIGKILL)
        ended = time.monotonic()
        wait_until(lambda: time.monotonic() > ended + 2 * _SECONDS, "a hole")
        self.process.start()


def replica(folder: Path, target: int, *, is_forgetful: bool = True) -> Prometheus:
    """Return a Prometheus that evaluates the shipped rules each second.

    Args:
        folder: For its files.
        target: Which port it scrapes.
        is_forgetful: Whether it looks back for seconds instead of minutes.
    """
    folder.mkdir(exist_ok=True)
    text = _RULES.read_text()
    if is_forgetful:
        text = re.sub(r"\[(10|5)m\](?! offset [1-9][0-9]*[mh])", f"[{_SECONDS}s]", text)
    groups = yaml.safe_load(text)["groups"]
    for group in groups:
        group["interval"] = "1s"
    (folder / "rules.yml").write_text(json.dumps({"groups": groups}))
    job = {
        "job_name": "front-door",
        "scrape_interval": "1s",
        "static_configs": [{"targets": [f"{HOST}:{target}"]}],
    }
    config = {"rule_files": ["rules.yml"], "scrape_configs": [job]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        *([f"--query.lookback-delta={_SECONDS}s"] if is_forgetful else []),
        f"--web.listen-address={HOST}:{port}",
    ]
    process = ServerProcess(command, folder / "log", port=port)
    return Prometheus(process, f"http://{HOST}:{port}")


@pytest.mark.integration
def test_what_was_served_while_prometheus_was_dead_is_counted(tmp_path: Path) -> None:
    """All of it, also of a process that began anew; the other replica saw the same."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    counters = Counters()
    counters.serve(good=90, bad=0)
    with exposed(counters) as port:
        killed, other = (replica(tmp_path / name, port) for name in ("killed", "other"))
        with killed.process.running(), other.process.running():
            # A young process: what it served before anybody looked counts.
            killed.wait_for(90, 0)
            other.wait_for(90, 0)
            counters.serve(good=5, bad=5)  # the first bad ones, and the series with them
            killed.wait_for(100, 5)

            counters.serve(good=1_000, bad=0)
            other.wait_for(1_100, 5)
            killed.process.stop(signal.SIGKILL)
            counters.serve(good=200, bad=300)
            other.wait_for(1_600, 305)
            killed.hole()
            killed.wait_for(1_600, 305)

            killed.process.stop(signal.SIGKILL)
            counters.restart()
            counters.serve(good=40, bad=2)
            killed.hole()
            for each in (killed, other):
                each.wait_for(1_642, 307)


def _write_past(folder: Path, good: int) -> None:
    """Write a ledger's last hours, without an event and without a failure."""
    now = int(time.time())
    began = now - _PAST_SECONDS
    seconds = range(began, now, 60)
    records: dict[str, Callable[[int], int]] = {
        "slo:total_events:total": lambda _: good,
        "slo:bad_events:total": lambda _: 0,
        "slo:history:start": lambda _: began,
        "slo:history:seconds": lambda second: second - began,
    }
    labels = '{service="api",slo="availability"}'
    lines = [
        f"{name}{labels} {value(second)} {second}\n"
        for name, value in records.items()
        for second in seconds
    ]
    file = folder / "past"
    file.write_text("".join([*lines, "# EOF\n"]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", file, folder / "data"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)


@pytest.mark.integration
def test_an_alert_of_little_traffic_outlives_prometheus(tmp_path: Path) -> None:
    """It goes on without another failure, and ends at the first good event."""
    if shutil.which("promtool") is None or shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    counters = Counters()
    counters.serve(good=1, bad=0)
    folder = tmp_path / "killed"
    folder.mkdir()
    _write_past(folder, good=8)
    with exposed(counters) as port:
        killed = replica(folder, port, is_forgetful=False)
        with killed.process.running():
            killed.wait_for(9, 0)
            for bad in (1, 2, 3):
                assert killed.pages() == set()
                counters.serve(good=0, bad=1)
                killed.wait_for(9 + bad, bad)
            wait_until(lambda: "ErrorBudgetBurnHigh" in killed.pages(), "a page")

            killed.process.stop(signal.SIGKILL)
            killed.process.start()
            wait_until(lambda: "ErrorBudgetBurnHigh" in killed.pages(), "the page of before")
            counters.serve(good=1, bad=0)
            wait_until(lambda: not killed.pages(), "the end of the page")
            assert killed.ledger() == (13, 3)
