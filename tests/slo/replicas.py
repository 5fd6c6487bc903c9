"""A Prometheus with the rules of availability, before counters that a test moves."""

import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import httpx2
import yaml

from tests.servers.processes import HOST, ROOT, ServerProcess
from tests.slo.rule_server import rule_server
from tests.support.waiting import PATIENCE_SECONDS, wait_until

LOOK_BACK_SECONDS: Final = 3
# Longer than a page's longest window.
_PAST_SECONDS: Final = 8 * 3600
RULES: Final = ROOT / "prometheus/rules/slo-api-availability.yml"


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
        answer = httpx2.get(f"{self.url}/api/v1/alerts", timeout=PATIENCE_SECONDS)
        # 503 while what it wrote down is replayed.
        alerts = answer.json()["data"]["alerts"] if answer.status_code == 200 else []
        pages = [each for each in alerts if each["labels"]["severity"] == "page"]
        return {each["labels"]["alertname"] for each in pages if each["state"] == "firing"}

    def wait_for(self, total: int, bad: int) -> None:
        """Return once its ledger says so."""
        wait_until(lambda: self.ledger() == (total, bad), f"{total}, {bad}; {self.ledger()}")

    def hole(self) -> None:
        """Be killed and come back once nothing of before is found by looking back."""
        self.process.stop(signal.SIGKILL)
        ended = time.monotonic()
        wait_until(lambda: time.monotonic() > ended + 2 * LOOK_BACK_SECONDS, "a hole")
        self.process.start()


def replica(
    folder: Path, target: int, *, is_forgetful: bool = True, rules: Path = RULES
) -> Prometheus:
    """Return a Prometheus that evaluates rules of availability each second.

    Args:
        folder: For its files; data that is there is kept.
        target: Which port it scrapes.
        is_forgetful: Whether it looks back for seconds instead of minutes.
        rules: By default the shipped ones.
    """
    folder.mkdir(exist_ok=True)
    text = rules.read_text()
    if is_forgetful:
        text = re.sub(r"\[(10|5)m\](?! offset [1-9][0-9]*[mh])", f"[{LOOK_BACK_SECONDS}s]", text)
    groups = yaml.safe_load(text)["groups"]
    job = {
        "job_name": "front-door",
        "scrape_interval": "1s",
        "static_configs": [{"targets": [f"{HOST}:{target}"]}],
    }
    flags = [f"--query.lookback-delta={LOOK_BACK_SECONDS}s"] if is_forgetful else []
    process, url = rule_server(folder, groups, [job], *flags)
    return Prometheus(process, url)


def write_past(folder: Path, good: int) -> None:
    """Write a ledger's last hours, without an event and without a failure, so that it is not young.

    Args:
        folder: A Prometheus' that has not been started yet.
        good: All its events.
    """
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
