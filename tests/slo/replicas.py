"""A Prometheus with rules of shipped SLOs, before counters that a test moves."""

import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Protocol

import httpx2
import yaml

from tests.servers.processes import HOST, ROOT, ServerProcess
from tests.slo.rule_server import rule_server
from tests.support.waiting import PATIENCE_SECONDS, wait_until

LOOK_BACK_SECONDS: Final = 3
# Longer than a page's longest window.
_PAST_SECONDS: Final = 8 * 3600
RULES: Final = ROOT / "prometheus/rules/slo-api-availability.yml"
_JOBS: Final = ("front-door",)


class Exposition(Protocol):
    """What a scrape finds."""

    def text(self, job: str) -> str:
        """Return what the target of a job exposes."""
        ...


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

    def text(self, _job: str) -> str:
        """Return the exposition; a series comes with its first event."""
        lines = [f"process_start_time_seconds {self.started}"]
        for outcome, value in (("good", self.good), ("bad", self.bad)):
            if value:
                lines.append(f'front_door_requests_total{{outcome="{outcome}"}} {value}')
        return "\n".join([*lines, ""])


@contextmanager
def exposed(counters: Exposition) -> Iterator[int]:
    """Serve the counters for the block, each job's at `/job`; give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(counters.text(self.path.strip("/")).encode())

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
        return next((value for _, value in self.series(query)), None)

    def series(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and value of all that a query finds; nothing where there is no answer."""
        try:
            answer = httpx2.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=5)
        except httpx2.HTTPError:
            return []
        found = answer.json()["data"]["result"] if answer.status_code == 200 else []
        return [(each["metric"], float(each["value"][1])) for each in found]

    def ledger(self) -> tuple[float | None, float | None]:
        """Return all events and the bad ones."""
        total, bad = (self.value(f"sum(slo:{kind}_events:total)") for kind in ("total", "bad"))
        return total, bad

    def firing(self) -> list[dict[str, str]]:
        """Return labels of the alerts of now, not what it wrote down before it was killed."""
        answer = httpx2.get(f"{self.url}/api/v1/alerts", timeout=PATIENCE_SECONDS)
        # 503 while what it wrote down is replayed.
        alerts = answer.json()["data"]["alerts"] if answer.status_code == 200 else []
        return [each["labels"] for each in alerts if each["state"] == "firing"]

    def pages(self) -> set[str]:
        """Return what it pages for now."""
        return {each["alertname"] for each in self.firing() if each["severity"] == "page"}

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
    folder: Path,
    target: int,
    *,
    is_forgetful: bool = True,
    rules: Sequence[Path] = (RULES,),
    jobs: Sequence[str] = _JOBS,
) -> Prometheus:
    """Return a Prometheus that evaluates rules each second.

    Args:
        folder: For its files; data that is there is kept.
        target: Which port it scrapes.
        is_forgetful: Whether it looks back for seconds instead of minutes.
        rules: By default the shipped ones of availability.
        jobs: As which it scrapes the port.
    """
    folder.mkdir(exist_ok=True)
    texts = [each.read_text() for each in rules]
    if is_forgetful:
        texts = [
            re.sub(r"\[(10|5)m\](?! offset [1-9][0-9]*[mh])", f"[{LOOK_BACK_SECONDS}s]", text)
            for text in texts
        ]
    groups = [group for text in texts for group in yaml.safe_load(text)["groups"]]
    for rule in (rule for group in groups for rule in group["rules"]):
        # What a firing alert says are a dozen queries, each second.
        rule.pop("annotations", None)
    scrapes = [
        {
            "job_name": job,
            "metrics_path": f"/{job}",
            "honor_labels": True,
            "scrape_interval": "1s",
            "static_configs": [{"targets": [f"{HOST}:{target}"]}],
        }
        for job in jobs
    ]
    flags = [f"--query.lookback-delta={LOOK_BACK_SECONDS}s"] if is_forgetful else []
    process, url = rule_server(folder, groups, scrapes, *flags)
    return Prometheus(process, url)


def write_past(folder: Path, good: int, rules: Sequence[Path] = (RULES,)) -> None:
    """Write ledgers' last hours, without an event and without a failure, so that none is young.

    Args:
        folder: A Prometheus' that has not been started yet.
        good: All events of each ledger.
        rules: What keeps the ledgers.
    """
    now = int(time.time())
    began = now - _PAST_SECONDS
    values: dict[str, Callable[[int], int]] = {
        "slo:total_events:total": lambda _: good,
        "slo:total_events:balance": lambda _: good,
        "slo:bad_events:total": lambda _: 0,
        "slo:bad_events:balance": lambda _: 0,
        "slo:history:start": lambda _: began,
        "slo:history:seconds": lambda second: second - began,
    }
    # Written where a ledger begins, and where it goes on after a hole.
    once = ("slo:total_events:resumed", "slo:bad_events:resumed")
    kept = [(rule.get("record"), _labels(rule)) for rule in rules_of(rules)]
    lines = [
        f"{name}{labels} {values[name](second)} {second}\n"
        for name, labels in kept
        if name in values
        for second in range(began, now, 60)
    ]
    lines += [f"{name}{labels} 0 {began}\n" for name, labels in kept if name in once]
    file = folder / "past"
    file.write_text("".join([*lines, "# EOF\n"]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", file, folder / "data"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)


def _labels(rule: dict[str, Any]) -> str:
    # OpenMetrics wants no space between labels.
    named = rule.get("labels", {}).items()
    return "{" + ",".join(f'{name}="{value}"' for name, value in named) + "}"


def rules_of(paths: Sequence[Path]) -> list[dict[str, Any]]:
    groups = [group for path in paths for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]
