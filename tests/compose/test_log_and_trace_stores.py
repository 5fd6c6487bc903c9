"""loki/ and tempo/ on the real programs, where they are installed: both start, take and find."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.compose.servers import ROOT, free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

_TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
_SPAN_ID = "b7ad6b7169203331"


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


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("loki"), free_port()
    (folder / "data").mkdir()
    replacements = {
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
    """A hundred requests with ids of their own are one stream with two labels."""
    now = time.time_ns()
    values = [[str(now + n), "line", {"request_id": f"id-{n}"}] for n in range(100)]
    _push(loki, {"stream": {"service": "many", "level": "info"}, "values": values})
    _wait_for(lambda: bool(_lines(loki, '{service="many"}')), 20)

    series = httpx2.get(f"{loki}/loki/api/v1/series", params={"match[]": '{service="many"}'}).json()

    assert series["data"] == [{"service": "many", "level": "info"}]


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
