"""loki/ and tempo/ on the real programs, where they are installed: both start, take and find."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.compose.servers import ROOT
from tests.servers.processes import free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

_TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
_SPAN_ID = "b7ad6b7169203331"
# A run with LOG_REQUESTS=100000 takes a minute more and shows the same.
_REQUESTS = int(os.environ.get("LOG_REQUESTS", "5000"))


def _wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.5)


@contextmanager
def _running(
    program: str, folder: Path, replacements: dict[str, str], ready_url: str
) -> Iterator[None]:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed: its configuration is unchecked")
    text = (ROOT / program / f"{program}.yml").read_text(encoding="utf-8")
    for old, new in {
        "listen_address: 0.0.0.0": "listen_address: 127.0.0.1",
        **replacements,
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    configuration = folder / "configuration.yml"
    configuration.write_text(text, encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [found, f"-config.file={configuration}"], cwd="/", stdout=log, stderr=log
        )
    try:
        _wait_for(lambda: _is_ready(ready_url, process, folder / "log"), 60)
        yield
    finally:
        process.terminate()
        # Tempo can wait for ever for a search whose workers it has stopped already.
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text(errors="replace")[-2000:]
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


class _Alertmanager(ThreadingHTTPServer):
    """Stands in for Alertmanager and keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Told)
        self.alerts: list[dict[str, Any]] = []

    def labels(self) -> set[tuple[str, str]]:
        """Return name and service of what was told."""
        return {(a["labels"]["alertname"], a["labels"]["service"]) for a in self.alerts}


class _Told(BaseHTTPRequestHandler):
    server: _Alertmanager

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.alerts += json.loads(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture(scope="module")
def alertmanager() -> Iterator[_Alertmanager]:
    with _Alertmanager() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory, alertmanager: "_Alertmanager") -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("loki"), free_port()
    (folder / "data").mkdir()
    # The same rules, evaluated often and without waiting.
    rules = folder / "rules/fake"
    rules.mkdir(parents=True)
    text = (ROOT / "loki/rules/fake/errors.yml").read_text(encoding="utf-8")
    text = text.replace("interval: 30s", "interval: 2s").replace("for: 1m", "for: 2s")
    (rules / "errors.yml").write_text(text, encoding="utf-8")
    replacements = {
        "/etc/loki/rules": f"{folder}/rules",
        "http://alertmanager:9093": f"http://127.0.0.1:{alertmanager.server_port}",
        ": /loki": f": {folder}/data",
        "http_listen_port: 3100": f"http_listen_port: {port}",
        "grpc_listen_port: 9095": f"grpc_listen_port: {free_port()}",
    }
    with _running("loki", folder, replacements, f"http://127.0.0.1:{port}/ready"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def tempo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    folder, port, otlp = tmp_path_factory.mktemp("tempo"), free_port(), free_port()
    replacements = {
        "/var/tempo": str(folder),
        "http_listen_port: 3200": f"http_listen_port: {port}",
        "grpc_listen_port: 9096": f"grpc_listen_port: {free_port()}",
        "0.0.0.0:4318": f"127.0.0.1:{otlp}",
    }
    with _running("tempo", folder, replacements, f"http://127.0.0.1:{port}/ready"):
        yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{otlp}"


def _lines(loki: str, query: str) -> list[dict[str, Any]]:
    answer = httpx2.get(f"{loki}/loki/api/v1/query_range", params={"query": query})
    assert answer.status_code == 200, answer.text
    result: list[dict[str, Any]] = answer.json()["data"]["result"]
    return result


def _push(loki: str, *streams: dict[str, Any]) -> None:
    answer = httpx2.post(f"{loki}/loki/api/v1/push", json={"streams": list(streams)})
    assert answer.status_code == 204, answer.text


def test_line_is_found_by_its_trace_and_kept_once(loki: str) -> None:
    """The query behind Grafana's link from a trace; a line that came twice is one line."""
    text = json.dumps({"message": "request", "status_code": 500})
    entry = [str(time.time_ns()), text, {"trace_id": _TRACE_ID, "request_id": "r1"}]
    _push(loki, {"stream": {"service": "api", "level": "error"}, "values": [entry, entry]})

    links = yaml.safe_load((ROOT / "grafana/provisioning/datasources/burnrate.yml").read_text())
    (tempo_source,) = [s for s in links["datasources"] if s["uid"] == "tempo"]
    query = tempo_source["jsonData"]["tracesToLogsV2"]["query"]
    query = query.replace("$${__trace.traceId}", _TRACE_ID)
    _wait_for(lambda: bool(_lines(loki, query)), 20)

    (stream,) = _lines(loki, query)
    assert [line for _, line in stream["values"]] == [text]
    assert stream["stream"]["service"] == "api"


def test_ids_make_no_streams(loki: str) -> None:
    """Requests with ids of their own are one stream with two labels, however many they are."""
    for start in range(0, _REQUESTS, 1000):
        now = time.time_ns()
        values = [
            [str(now + n), "line", {"request_id": f"id-{start + n}"}]
            for n in range(min(1000, _REQUESTS))
        ]
        _push(loki, {"stream": {"service": "many", "level": "info"}, "values": values})
    _wait_for(lambda: bool(_lines(loki, '{service="many"}')), 20)

    series = httpx2.get(f"{loki}/loki/api/v1/series", params={"match[]": '{service="many"}'}).json()

    assert series["data"] == [{"service": "many", "level": "info"}]
    metrics = httpx2.get(f"{loki}/metrics").text
    streams = sum(
        float(line.split()[-1])
        for line in metrics.splitlines()
        if line.startswith("loki_ingester_memory_streams{")
    )
    assert 0 < streams < 50


def _complain(loki: str, service: str, level: str, text: str, times: int) -> None:
    now = time.time_ns()
    values = [[str(now + n), text] for n in range(times)]
    _push(loki, {"stream": {"service": service, "level": level}, "values": values})


def test_error_burst_that_only_logs_show_is_told(loki: str, alertmanager: _Alertmanager) -> None:
    """More than ten errors are; ten, failed requests and broken constraints are not."""
    failed = '{"level": "error", "logger": "burnrate.request", "message": "GET /posts 500"}'
    error = '{"level": "error", "logger": "shop.basket", "message": "on purpose"}'
    _complain(loki, "few", "error", error, 10)
    _complain(loki, "failing", "error", failed, 50)
    _complain(loki, "postgres", "error", "ERROR:  duplicate key value", 50)
    _complain(loki, "postgres", "critical", "FATAL:  password authentication failed", 5)
    _complain(loki, "fine", "info", error, 50)
    _complain(loki, "burst", "error", error, 11)
    _complain(loki, "crash", "critical", '{"level": "critical", "logger": "uncaught"}', 1)

    _wait_for(lambda: len(alertmanager.labels()) >= 2, 60)
    # Long enough for the rest to be told as well, if it were.
    time.sleep(5)

    assert alertmanager.labels() == {("LogErrorBurst", "burst"), ("LogCriticalLine", "crash")}
    for alert in alertmanager.alerts:
        assert alert["labels"]["severity"] == "ticket"
        assert set(alert["annotations"]) == {
            "summary", "description", "runbook_url", "dashboard_url",
        }  # fmt: skip
        assert alert["annotations"]["dashboard_url"].endswith(alert["labels"]["service"])


def test_postgres_panic_is_told(loki: str, alertmanager: _Alertmanager) -> None:
    """Its FATAL is a refused login; its PANIC is a crash."""
    _complain(loki, "postgres", "critical", "PANIC:  could not write to file", 1)

    _wait_for(lambda: ("LogCriticalLine", "postgres") in alertmanager.labels(), 60)


def test_lines_are_not_kept_for_ever(loki: str) -> None:
    """Retention works only with all three of its settings."""
    settings = yaml.safe_load(httpx2.get(f"{loki}/config").text)

    assert settings["limits_config"]["retention_period"] == "2w"
    assert settings["compactor"]["retention_enabled"] is True
    assert settings["compactor"]["delete_request_store"] == "filesystem"


def _span(now: int) -> dict[str, Any]:
    route = {"key": "http.route", "value": {"stringValue": "/users"}}
    span = {
        "traceId": _TRACE_ID, "spanId": _SPAN_ID, "name": "GET /users", "kind": 2,
        "startTimeUnixNano": str(now - 500_000_000), "endTimeUnixNano": str(now),
        "attributes": [route], "status": {"code": 2},
    }  # fmt: skip
    service = {"key": "service.name", "value": {"stringValue": "api"}}
    scopes = [{"scope": {"name": "test"}, "spans": [span]}]
    return {"resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": scopes}]}


def test_trace_is_found_by_id_and_by_what_it_holds(tempo: tuple[str, str]) -> None:
    """A span sent over OTLP is there for the link from a line, and for a search by route."""
    url, otlp = tempo
    answer = httpx2.post(f"{otlp}/v1/traces", json=_span(time.time_ns()))
    assert answer.status_code == 200

    def find(path: str, **parameters: str) -> str:
        return httpx2.get(url + path, params=parameters).text

    search = '{ resource.service.name = "api" && span.http.route = "/users" && status = error }'
    _wait_for(lambda: "GET /users" in find(f"/api/v2/traces/{_TRACE_ID}"), 30)
    _wait_for(lambda: "GET /users" in find("/api/search", q=search), 120)


def test_traces_are_kept_as_long_as_logs(tempo: tuple[str, str]) -> None:
    """A line whose trace is gone, or a trace without its lines, is half an answer."""
    settings = httpx2.get(f"{tempo[0]}/status/config").text

    assert "block_retention: 336h" in settings
