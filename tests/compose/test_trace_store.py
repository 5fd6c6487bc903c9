"""tempo/ on the real program, where it is installed: it takes, finds and keeps."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from burnrate.stack import free_port
from tests.compose import noise
from tests.compose.stores import running
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration]

_TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
_SPAN_ID = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def tempo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    folder, port, otlp = tmp_path_factory.mktemp("tempo"), free_port(), free_port()
    with running("tempo", folder, _moved(folder, port, otlp), _ready(port)):
        yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{otlp}"


def _moved(folder: Path, port: int, otlp: int) -> dict[str, str]:
    return {
        "/var/tempo": str(folder),
        "http_listen_port: 3200": f"http_listen_port: {port}",
        "grpc_listen_port: 9096": f"grpc_listen_port: {free_port()}",
        "0.0.0.0:4318": f"127.0.0.1:{otlp}",
    }


def _ready(port: int) -> str:
    return f"http://127.0.0.1:{port}/ready"


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
    wait_until(lambda: "GET /users" in find(f"/api/v2/traces/{_TRACE_ID}"), every_seconds=0.5)
    wait_until(
        lambda: "GET /users" in find("/api/search", q=search), seconds=120, every_seconds=0.5
    )


def test_traces_are_kept_as_long_as_logs(tempo: tuple[str, str]) -> None:
    """A line whose trace is gone, or a trace without its lines, is half an answer."""
    settings = httpx2.get(f"{tempo[0]}/status/config").text

    assert "block_retention: 336h" in settings


def test_idling_and_stopping_write_noise_that_is_known_by_name(tmp_path: Path) -> None:
    """All that a Tempo without a fault calls an error is left out of LogErrorBurst."""
    port = free_port()
    with running("tempo", tmp_path, _moved(tmp_path, port, free_port()), _ready(port)):
        # An idle worker asks for work and is told that there is none.
        wait_until(lambda: bool(_errors(tmp_path)), seconds=120, every_seconds=0.5)

    patterns = [pattern for service, pattern in noise.filters() if service == "tempo"]
    unknown = [line for line in _errors(tmp_path) if not re.search("|".join(patterns), line)]
    assert unknown == []


def _errors(folder: Path) -> list[str]:
    lines = (folder / "log").read_text(errors="replace").splitlines()
    return [line for line in lines if '"level":"error"' in line]
