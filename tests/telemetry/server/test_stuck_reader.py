"""Nobody reads stdout: requests are answered, lines are dropped and counted, a stop is a stop."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from burnrate.stack import free_port
from tests.servers.groups import end_group, launch_group
from tests.support.waiting import PATIENCE_SECONDS, wait_until
from tests.telemetry.service import CONFIGURATION, ROOT, Service

pytestmark = pytest.mark.integration

PATH = "/shop/orders/7"


@contextmanager
def unread(folder: Path, command: list[str], **environment: str) -> Iterator[tuple[Service, int]]:
    """Run a server whose stdout is a pipe; give the end that nobody reads."""
    port = free_port()
    reading, writing = os.pipe()
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    process = launch_group(
        [sys.executable, "-m", *(part.replace("PORT", str(port)) for part in command)],
        cwd=ROOT,
        env={**inherited, "TMPDIR": str(folder), **environment},
        stdout=writing,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    service = Service(process, port, folder / "nothing")
    try:
        wait_until(lambda: _answers(service), "an answer")
        yield service, reading
    finally:
        end_group(process)
        os.close(reading)


def _answers(service: Service) -> bool:
    try:
        return service.get(PATH)[0] == 200
    except OSError:
        return False


def lines(service: Service, result: str) -> float:
    return service.value("telemetry_log_lines_total", result=result)


def read_all(reading: int) -> list[str]:
    received = bytearray()
    while part := os.read(reading, 1 << 16):
        received += part
    return received.decode().splitlines()


GUNICORN = [
    "gunicorn", "--config", str(CONFIGURATION), "--bind", "127.0.0.1:PORT",
    "tests.telemetry.foreign:create_app()",
]  # fmt: skip
UVICORN = ["uvicorn", "--port", "PORT", "--factory", "tests.telemetry.foreign:create_app"]


@pytest.mark.parametrize("command", [GUNICORN, UVICORN], ids=["gunicorn", "uvicorn"])
def test_every_request_is_answered_and_every_line_counted(
    tmp_path: Path, command: list[str]
) -> None:
    """Written are as many as the pipe holds; the stop does not wait for ever either."""
    environment = {"WORKERS": "2", "TELEMETRY_LOG_BUFFER_BYTES": "65536"}
    with unread(tmp_path, command, **environment) as (service, reading):
        asked = 600  # two lines each: four times what pipe and buffers hold
        for _ in range(asked):
            assert service.get(PATH)[0] == 200
        wait_until(lambda: lines(service, "dropped") > asked / 2)
        written = lines(service, "written")
        assert written > 100
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(PATIENCE_SECONDS)
        found = read_all(reading)
        assert len(found) >= written
        for each in found:
            json.loads(each)


def test_reader_that_comes_back_is_told_how_many_are_missing(tmp_path: Path) -> None:
    """What waited comes first, all of it whole; then all is as before."""
    environment = {"WORKERS": "1", "TELEMETRY_LOG_BUFFER_BYTES": "65536"}
    with unread(tmp_path, GUNICORN, **environment) as (service, reading):
        for _ in range(600):
            assert service.get(PATH)[0] == 200
        wait_until(lambda: lines(service, "dropped") > 100)
        with os.fdopen(os.dup(reading), closefd=True) as stream:
            told = 0
            while not told:
                line = json.loads(stream.readline())
                told = line.get("lines", 0) if "could not be written" in line["message"] else 0
            assert told == lines(service, "dropped")
            service.get("/nowhere")
            while "/nowhere" not in stream.readline():
                continue


def test_recycled_worker_counts_what_it_dropped_at_its_end(tmp_path: Path) -> None:
    """Its lines are gone, and its count of them is in the archive."""
    environment = {"WORKERS": "1", "MAX_REQUESTS": "500"}
    with unread(tmp_path, GUNICORN, **environment) as (service, _):
        for _ in range(300):
            assert service.get(PATH)[0] == 200
        assert lines(service, "dropped") == 0, "all that does not fit the pipe waits"
        for _ in range(300):
            _answers(service)
        wait_until(lambda: lines(service, "dropped") > 300)
