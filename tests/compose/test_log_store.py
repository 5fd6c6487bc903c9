"""loki/ on the real program, where it is installed: it takes, finds, keeps, and its ruler tells."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from typing import Any

import httpx2
import pytest
import yaml

from burnrate.stack import free_port
from tests.compose import noise
from tests.compose.servers import ROOT
from tests.compose.stores import running
from tests.grafana.shipping import entry
from tests.support.samples import read_samples
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.integration]

_TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
_REQUESTS = 100_000


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
        "/etc/burnrate/rules": f"{folder}/rules",
        "http://alertmanager:9093": f"http://127.0.0.1:{alertmanager.server_port}",
        ": /loki": f": {folder}/data",
        "http_listen_port: 3100": f"http_listen_port: {port}",
        "grpc_listen_port: 9095": f"grpc_listen_port: {free_port()}",
    }
    with running("loki", folder, replacements, f"http://127.0.0.1:{port}/ready"):
        yield f"http://127.0.0.1:{port}"


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
    wait_until(lambda: bool(_lines(loki, query)), every_seconds=0.5)

    (stream,) = _lines(loki, query)
    assert [line for _, line in stream["values"]] == [text]
    assert stream["stream"]["service"] == "api"


def _request(number: int) -> str:
    """Return a line as the service writes it, with ids that no other line has."""
    moment = datetime.now(UTC).isoformat(timespec="microseconds")
    level = ("info", "debug", "warning")[number // 3 % 3]
    ids = {"request_id": f"{number:032x}", "trace_id": f"{number + 1:032x}"}
    fields = {"timestamp": moment, "level": level, **ids, "span_id": f"{number + 1:016x}"}
    return json.dumps({**fields, "route": "/posts/{post_id}", "message": "GET /posts/1 200"})


def test_requests_with_ids_of_their_own_make_no_streams(loki: str) -> None:
    """However many they are: a stream for each service and level, and every id is found."""
    services = ("many-1", "many-2", "many-3")
    for start in range(0, _REQUESTS, 5000):
        streams: dict[tuple[str, str], list[Any]] = {}
        for number in range(start, start + 5000):
            service = services[number % len(services)]
            level, value = entry(service, _request(number))
            streams.setdefault((service, level), []).append(value)
        _push(
            loki,
            *(
                {"stream": {"service": service, "level": level}, "values": values}
                for (service, level), values in streams.items()
            ),
        )
    last = f'{{service=~"many-.*"}} | request_id="{_REQUESTS - 1:032x}"'
    wait_until(lambda: bool(_lines(loki, last)), every_seconds=0.5)
    (found,) = _lines(loki, last)
    selector = {"match[]": '{service=~"many-.*"}'}
    series = httpx2.get(f"{loki}/loki/api/v1/series", params=selector).json()["data"]

    assert len(found["values"]) == 1
    assert found["stream"]["trace_id"] == f"{_REQUESTS:032x}"
    # What is pushed at once Loki may spread over shards of a stream, which it numbers itself.
    streams_of_labels = {(each["service"], each["level"]) for each in series}
    assert {*chain.from_iterable(series)} <= {"service", "level", "__stream_shard__"}
    assert len(streams_of_labels) == len(services) * 3
    assert {name for each in series for name in each} == {"service", "level"}
    metrics = httpx2.get(f"{loki}/metrics").text
    streams_in_memory = sum(
        float(line.split()[-1])
        for line in metrics.splitlines()
        if line.startswith("loki_ingester_memory_streams{")
    )
    assert 0 < streams_in_memory < 50


def _complain(loki: str, service: str, level: str, text: str, times: int) -> None:
    now = time.time_ns()
    values = [[str(now + n), text] for n in range(times)]
    _push(loki, {"stream": {"service": service, "level": level}, "values": values})


def _evaluations(loki: str) -> float:
    """Return how many rules the ruler has evaluated: two each time."""
    samples = read_samples(httpx2.get(f"{loki}/metrics", timeout=PATIENCE_SECONDS).text)
    name = "loki_prometheus_rule_evaluations_total"
    return sum(value for (found, _), value in samples.items() if found == name)


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

    wait_until(lambda: len(alertmanager.labels()) >= 2, every_seconds=0.5)
    # By the second evaluation from now the rest would be pending, by the fourth firing and told.
    before = _evaluations(loki)
    wait_until(lambda: _evaluations(loki) >= before + 4 * 2, every_seconds=0.5)

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

    wait_until(lambda: ("LogCriticalLine", "postgres") in alertmanager.labels(), every_seconds=0.5)


def test_noise_by_name_is_not_told_and_errors_of_the_same_parts_are(
    loki: str, alertmanager: _Alertmanager
) -> None:
    """An idle Tempo, a restart of Loki, a client who leaves: nobody is to be woken for it."""
    parts = {service for service, _ in noise.lines("noise")}
    for service, line in noise.lines("noise"):
        _complain(loki, service, "error", line, 50)
    before = _evaluations(loki)
    wait_until(lambda: _evaluations(loki) >= before + 4 * 2, every_seconds=0.5)
    assert not {service for _, service in alertmanager.labels()} & parts

    for service, line in noise.lines("errors"):
        _complain(loki, service, "error", line, 11)
    expected = {("LogErrorBurst", service) for service in parts}
    wait_until(lambda: expected <= alertmanager.labels(), every_seconds=0.5)


def test_lines_are_not_kept_for_ever(loki: str) -> None:
    """Retention works only with all three of its settings."""
    settings = yaml.safe_load(httpx2.get(f"{loki}/config").text)

    assert settings["limits_config"]["retention_period"] == "2w"
    assert settings["compactor"]["retention_enabled"] is True
    assert settings["compactor"]["delete_request_store"] == "filesystem"
