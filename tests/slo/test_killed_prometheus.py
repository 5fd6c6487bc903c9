"""Ledgers on real Prometheus servers, of which one is killed, against the client's own count.

What rules look back for is three seconds instead of minutes, so that a hole is soon one.
"""

import json
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterator
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

    def wait_for(self, total: int, bad: int) -> None:
        """Return once its ledger says so."""
        wait_until(lambda: self.ledger() == (total, bad), f"{total}, {bad}; {self.ledger()}")

    def hole(self) -> None:
        """Be killed and come back once nothing of before is found by looking back."""
        self.process.stop(signal.SIGKILL)
        ended = time.monotonic()
        wait_until(lambda: time.monotonic() > ended + 2 * _SECONDS, "a hole")
        self.process.start()


def replica(folder: Path, target: int) -> Prometheus:
    """Return a Prometheus that evaluates the shipped rules each second."""
    folder.mkdir()
    text = re.sub(r"\[(10|5)m\](?! offset [1-9][0-9]*[mh])", f"[{_SECONDS}s]", _RULES.read_text())
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
        f"--query.lookback-delta={_SECONDS}s",
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
