"""Measures what the rules of many services cost a real Prometheus.

One service's specification is copied under other names; a small exporter gives each copy the series
that its queries read, and what Prometheus spends on an interval is its CPU time.
"""

import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import psutil
import yaml

from burnrate.slo.alerts import groups
from burnrate.slo.errors import SpecError
from burnrate.slo.model import Service, Slo
from burnrate.slo.timelines import input_series
from burnrate.slo.windows import EVALUATION_SECONDS

_HOST: Final = "127.0.0.1"
_PORT: Final = 0
_LONGEST: Final = "max(prometheus_rule_group_last_duration_seconds)"
_LIMIT: Final = 0.2
# Routes of a middling service: a query sums over its series.
_ROUTES: Final = 15


def run(service: Service, root: Path, copies: int, evaluations: int) -> Iterator[str]:
    """Yield lines: what was loaded, each evaluation's cost, and whether it is below the limit."""
    if shutil.which("prometheus") is None:
        raise SpecError(root, "", "prometheus is not on the PATH")
    services = [_copy(service, f"{service.name}{index}") for index in range(copies)]
    with tempfile.TemporaryDirectory(prefix="burnrate-rules-") as name:
        folder = Path(name)
        exporter = _exporter(_page(services))
        threading.Thread(target=exporter.serve_forever, daemon=True).start()
        process, url = _start(folder, services, exporter.server_address[1])
        try:
            yield from _watch(url, process.pid, services, evaluations)
        finally:
            process.terminate()
            process.wait(30)
            exporter.shutdown()


def _watch(url: str, process: int, services: list[Service], evaluations: int) -> Iterator[str]:
    rules = sum(len(group["rules"]) for service in services for group in groups(service))
    cores = psutil.cpu_count() or 1
    yield f"{len(services)} services, {rules} rules, an evaluation each {EVALUATION_SECONDS} s"
    # Two: the first evaluation finds nothing, the second ranges of one sample.
    time.sleep(3 * EVALUATION_SECONDS)
    worst = 0.0
    for index in range(evaluations):
        before = _cpu_seconds(process)
        time.sleep(EVALUATION_SECONDS)
        spent = _cpu_seconds(process) - before
        worst = max(worst, spent)
        slowest = _ask(url, _LONGEST)
        yield f"evaluation {index + 1}: {spent:.2f} s of CPU, slowest group {slowest:.3f} s"
    # Groups run side by side, so their times add up to waiting; CPU time is what they cost, with
    # the scrapes and the storage in it.
    part = worst / EVALUATION_SECONDS / cores
    verdict = "below" if part < _LIMIT else "ABOVE"
    yield (
        f"worst: {100 * part:.1f} % of the interval on {cores} cores,"
        f" {verdict} {100 * _LIMIT:.0f} %"
    )


def _cpu_seconds(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return float(times.user + times.system)


def _copy(service: Service, name: str) -> Service:
    def renamed(slo: Slo) -> Slo:
        events = slo.spec.sli.events
        if events is None:
            return slo
        was, now = f'job="{service.job}"', f'job="{name}"'
        moved = events.model_copy(
            update={field: query.replace(was, now) for field, query in events}
        )
        sli = slo.spec.sli.model_copy(update={"events": moved})
        spec = slo.spec.model_copy(update={"sli": sli})
        return replace(
            slo, service=name, job=name, spec=spec, labels={**slo.labels, "service": name}
        )

    return replace(service, name=name, stem=name, job=name, slos=tuple(map(renamed, service.slos)))


def _page(services: list[Service]) -> list[str]:
    names: dict[str, None] = {}
    for service in services:
        for slo in service.slos:
            for series in input_series(slo, []):
                for route in range(_ROUTES if "endpoint=" in series["series"] else 1):
                    names[series["series"].replace("/posts", f"/posts/{route}")] = None
    return list(names)


def _exporter(names: list[str]) -> ThreadingHTTPServer:
    began = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            value = int((time.monotonic() - began) * 100)
            body = "".join(f"{name} {value}\n" for name in names).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return ThreadingHTTPServer((_HOST, _PORT), Handler)


def _start(
    folder: Path, services: list[Service], exporter: int
) -> tuple["subprocess.Popen[bytes]", str]:
    rules = {"groups": [group for service in services for group in groups(service)]}
    (folder / "rules.yml").write_text(json.dumps(rules), encoding="utf-8")
    job = {
        "job_name": "measured",
        "honor_labels": True,
        "static_configs": [{"targets": [f"{_HOST}:{exporter}"]}],
    }
    port = _free_port()
    own = {"job_name": "self", "static_configs": [{"targets": [f"{_HOST}:{port}"]}]}
    pace = {"scrape_interval": "5s", "evaluation_interval": f"{EVALUATION_SECONDS}s"}
    config = {"global": pace, "rule_files": ["rules.yml"], "scrape_configs": [job, own]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
            [  # noqa: S607 - looked up on the PATH, as users have it
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={_HOST}:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    return process, f"http://{_HOST}:{port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _ask(url: str, query: str) -> float:
    with urllib.request.urlopen(  # noqa: S310 - the address is ours
        f"{url}/api/v1/query?query={query}", timeout=10
    ) as answer:
        result = json.load(answer)["data"]["result"]
    return float(result[0]["value"][1]) if result else 0.0
