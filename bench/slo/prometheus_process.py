"""A Prometheus whose rules are measured."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import yaml

from bench.slo.history import SCRAPE_SECONDS
from burnrate.durations import format_duration
from burnrate.http_client import HttpClient, NoAnswer
from burnrate.slo.generator import Group
from burnrate.slo.windows import TICKET_EVALUATION_SECONDS
from burnrate.stack import LOOPBACK, free_port

_ANSWER_SECONDS: Final = 30.0
# The tickets' first evaluations are spread over their whole interval.
_START_SECONDS: Final = 120 + TICKET_EVALUATION_SECONDS
_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class PrometheusProcess:
    """A running Prometheus."""

    process: psutil.Process
    http: HttpClient

    def cpu_seconds(self) -> float:
        """Return the user and system time that it has used so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def samples_read(self) -> float:
        """Return how many samples its queries have read; 0 before Prometheus 3."""
        return self.metric("prometheus_engine_query_samples_total")

    def metric(self, name: str) -> float:
        """Return the sum of one of its own metrics."""
        return self.http.samples().total(name)

    def firing(self) -> int:
        """Return how many alerts fire."""
        alerts = json.loads(self.http.get("/api/v1/alerts"))["data"]["alerts"]
        return sum(alert["state"] == "firing" for alert in alerts)

    def wait_for_evaluations(self) -> None:
        """Wait until each rule has been evaluated; raises TimeoutError."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                report = json.loads(self.http.get("/api/v1/rules"))["data"]["groups"]
            except NoAnswer:
                report = []
            if report and all(r["health"] != "unknown" for g in report for r in g["rules"]):
                return
            time.sleep(_LOOK_SECONDS)
        raise TimeoutError(f"Prometheus has not evaluated all rules in {_START_SECONDS} s")


@contextmanager
def running_prometheus(
    folder: Path, rules: Sequence[Group], targets: Sequence[dict[str, Any]]
) -> Iterator[PrometheusProcess]:
    """Run a Prometheus for the block.

    Args:
        folder: Where its files are written; `data` in it may hold a past.
        rules: The groups that it evaluates.
        targets: What it scrapes, as `static_configs`.
    """
    (folder / "rules.yml").write_text(json.dumps({"groups": list(rules)}), encoding="utf-8")
    job = {
        "job_name": "measured",
        "honor_labels": True,
        "scrape_interval": format_duration(SCRAPE_SECONDS),
        "static_configs": list(targets),
    }
    config = {"rule_files": ["rules.yml"], "scrape_configs": [job]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = psutil.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                # No past is thrown away.
                "--storage.tsdb.retention.time=1y",
                f"--web.listen-address={LOOPBACK}:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://{LOOPBACK}:{port}"
        with HttpClient("prometheus", url, timeout_seconds=_ANSWER_SECONDS) as http:
            yield PrometheusProcess(process, http)
    finally:
        # Nobody needs its data: no orderly end.
        process.kill()
        process.wait()
