"""Measures what the rules of many services cost a real Prometheus.

One service's specification is copied under other names. Prometheus begins with the past that the
rules look back on, a small exporter goes on from there, and what an interval costs is CPU time.
"""

import json
import platform
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Final

import psutil
import yaml

from bench.reporting.machine import processor
from bench.slo.history import SCRAPE_SECONDS, count_at, raw_series, write_history
from burnrate.durations import format_duration, parse_duration
from burnrate.http_client import HttpClient, NoAnswer
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Group, groups
from burnrate.slo.specification import Service, Slo
from burnrate.slo.windows import EVALUATION_SECONDS, TICKET_EVALUATION_SECONDS
from burnrate.stack import free_port

_HOST: Final = "127.0.0.1"
_PORT: Final = 0
# What the limit is meant for, whatever this machine has.
_CORES: Final = 2
_LIMIT: Final = 0.2
_ANSWER_SECONDS: Final = 30.0
# The tickets' first evaluations are spread over their whole interval.
_START_SECONDS: Final = 120 + TICKET_EVALUATION_SECONDS


@dataclass(frozen=True)
class Measurement:
    """How much is measured.

    Attributes:
        copies: How many such services.
        evaluations: How many intervals.
        every_seconds: The interval.
    """

    copies: int = 100
    evaluations: int = 8
    every_seconds: int = EVALUATION_SECONDS

    def run(self, service: Service, root: Path) -> Iterator[str]:
        """Yield lines: what is measured, each interval's cost, and whether it is below the limit.

        Raises:
            SpecError: Prometheus or promtool is missing.
        """
        if which("prometheus") is None:
            raise SpecError(root, "", "prometheus is not on the PATH")
        services = [copy_of(service, f"{service.name}{index}") for index in range(self.copies)]
        yield _machine()
        with tempfile.TemporaryDirectory(prefix="burnrate-rules-") as name:
            folder = Path(name)
            series = {f"/{each.name}": raw_series([each]) for each in services}
            rules = [group for each in services for group in groups(each)]
            number = sum(len(group["rules"]) for group in rules)
            yield (
                f"{self.copies} services, {sum(map(len, series.values()))} raw series, {number}"
                f" rules, an evaluation each {self.every_seconds} s, of tickets each"
                f" {self._paced(TICKET_EVALUATION_SECONDS):g} s"
            )
            samples = write_history(services, int(time.time()), folder / "data")
            yield f"past: {samples} samples; the last half hour raw, of the period what is recorded"
            for group in rules:
                group["interval"] = format_duration(self._paced(parse_duration(group["interval"])))
            with _exporter(series) as port:
                targets = _targets(services, port)
                with _prometheus(folder, rules, targets) as server:
                    yield from self._watch(server)

    def _paced(self, seconds: float) -> float:
        return seconds * self.every_seconds // EVALUATION_SECONDS

    def _watch(self, server: "_Server") -> Iterator[str]:
        server.wait_for_evaluations()
        # Once more: the first one finds caches cold and starts what is only done once.
        time.sleep(self.every_seconds)
        spent = []
        for index in range(self.evaluations):
            before, samples = server.cpu_seconds(), server.samples_read()
            time.sleep(self.every_seconds)
            spent.append(server.cpu_seconds() - before)
            read = (server.samples_read() - samples) / 1e6
            shown = f", {read:.1f} million samples read" if read else ""
            yield f"interval {index + 1}: {spent[-1]:.2f} s of CPU{shown}"
        firing = server.firing()
        failed = server.metric("prometheus_rule_evaluation_failures_total")
        # A machine that is too slow leaves evaluations out, and they would look cheap.
        missed = server.metric("prometheus_rule_group_iterations_missed_total")
        # Groups run side by side, so their times add up to waiting; CPU time is what they cost,
        # with the scrapes and the storage in it.
        median, worst = (
            each(spent) / self.every_seconds / _CORES for each in (statistics.median, max)
        )
        verdict = "below" if worst < _LIMIT and not failed + missed else "NOT below"
        yield (
            f"median {100 * median:.1f} %, worst {100 * worst:.1f} % of the interval on {_CORES}"
            f" cores, {firing} alerts fire, {failed:.0f} evaluations failed,"
            f" {missed:.0f} were left out: {verdict} {100 * _LIMIT:.0f} %"
        )


@dataclass(frozen=True)
class _Server:
    process: psutil.Process
    http: HttpClient

    def cpu_seconds(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def samples_read(self) -> float:
        # 0 before Prometheus 3.
        return self.metric("prometheus_engine_query_samples_total")

    def metric(self, name: str) -> float:
        return self.http.samples().total(name)

    def firing(self) -> int:
        alerts = json.loads(self.http.get("/api/v1/alerts"))["data"]["alerts"]
        return sum(alert["state"] == "firing" for alert in alerts)

    def wait_for_evaluations(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                report = json.loads(self.http.get("/api/v1/rules"))["data"]["groups"]
            except NoAnswer:
                report = []
            if report and all(r["health"] != "unknown" for g in report for r in g["rules"]):
                return
            time.sleep(0.2)
        raise TimeoutError(f"Prometheus has not evaluated all rules in {_START_SECONDS} s")


def _machine() -> str:
    version = subprocess.run(
        ["prometheus", "--version"],  # noqa: S607 - looked up on the PATH, as users have it
        capture_output=True,
        text=True,
        check=True,
    )
    # 2.x writes it to standard error.
    first = (version.stdout or version.stderr).splitlines()[0].partition(" (")[0]
    return f"{first}; {platform.machine()}, {processor()}, {psutil.cpu_count()} processors"


def copy_of(service: Service, name: str) -> Service:
    """Return a service under another name, with series, records and alerts of its own."""

    def renamed(slo: Slo) -> Slo:
        was, now = f'job="{service.job}"', f'job="{name}"'
        events = slo.events.model_copy(
            update={field: query.replace(was, now) for field, query in slo.events}
        )
        return replace(
            slo,
            identity={**slo.identity, "service": name},
            job=name,
            events=events,
            labels={**slo.labels, "service": name},
        )

    identity = {**service.identity, "service": name}
    slos = tuple(map(renamed, service.slos))
    return replace(service, identity=identity, stem=name, job=name, slos=slos)


@contextmanager
def _exporter(series: Mapping[str, Mapping[str, float]]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now, own = time.time(), series[self.path]
            lines = (f"{name} {count_at(now, rate)}\n" for name, rate in own.items())
            body = "".join(lines).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((_HOST, _PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _targets(services: Sequence[Service], port: int) -> list[dict[str, object]]:
    return [
        {
            "targets": [f"{_HOST}:{port}"],
            "labels": {"job": service.job, "__metrics_path__": f"/{service.name}"},
        }
        for service in services
    ]


@contextmanager
def _prometheus(
    folder: Path, rules: list[Group], targets: list[dict[str, object]]
) -> Iterator["_Server"]:
    (folder / "rules.yml").write_text(json.dumps({"groups": rules}), encoding="utf-8")
    job = {
        "job_name": "measured",
        "honor_labels": True,
        "scrape_interval": format_duration(SCRAPE_SECONDS),
        "static_configs": targets,
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
                f"--web.listen-address={_HOST}:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://{_HOST}:{port}"
        with HttpClient("prometheus", url, timeout_seconds=_ANSWER_SECONDS) as http:
            yield _Server(process, http)
    finally:
        # Nobody needs its data: no orderly end.
        process.kill()
        process.wait()
