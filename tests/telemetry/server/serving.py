"""Starts an application on each server of the matrix, and is a client of it."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from burnrate.stack import free_port
from tests.servers.groups import end_group, launch_group
from tests.support.samples import read_samples
from tests.support.waiting import PATIENCE_SECONDS, wait_until

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
# A server's program and its arguments; `PORT` is the free port, `APP` and `FILE` are what it runs.
SERVERS: Final = {
    "uvicorn": ["uvicorn", "APP", "--port=PORT"],
    "uvicorn-h11": ["uvicorn", "APP", "--port=PORT", "--http=h11", "--loop=asyncio"],
    "uvicorn-workers": ["uvicorn", "APP", "--port=PORT", "--workers=2"],
    "uvicorn.run": ["python", "FILE", "PORT"],
    "fastapi-run": ["fastapi", "run", "FILE", "--host=127.0.0.1", "--port=PORT"],
    "fastapi-run-workers": [
        "fastapi", "run", "FILE", "--host=127.0.0.1", "--port=PORT", "--workers=2",
    ],
    "gunicorn": [
        "gunicorn", f"--config={HERE / 'served.conf.py'}", "--bind=127.0.0.1:PORT", "--workers=2",
        "APP",
    ],
    "hypercorn": ["hypercorn", "--bind=127.0.0.1:PORT", "APP"],
    "hypercorn-workers": ["hypercorn", "--bind=127.0.0.1:PORT", "--workers=2", "APP"],
    "granian": ["granian", "--interface=asgi", "--port=PORT", "APP"],
    "granian-workers": ["granian", "--interface=asgi", "--port=PORT", "--workers=2", "APP"],
    "daphne": ["daphne", "--port=PORT", "APP"],
}  # fmt: skip


class Server:
    """One that runs the application, and a client of it."""

    def __init__(
        self, name: str, process: "subprocess.Popen[bytes]", port: int, output: Path
    ) -> None:
        self.name = name
        self.process = process
        self.port = port
        self._output = output

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)

    def get(self, path: str, **headers: str) -> tuple[int, bytes, list[str]]:
        """Return status, body (what came of it) and request ids, over a connection of its own."""
        connection = self.connection()
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            ids = answer.headers.get_all("x-request-id") or []
            try:
                body = answer.read()
            except http.client.IncompleteRead as error:
                body = error.partial
            return answer.status, body, ids
        finally:
            connection.close()

    def leave(self, request: bytes, until: bytes = b"") -> None:
        """Send a request by hand, and leave once `until` has come, or else a handler has begun."""
        begun = self.begun()
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS) as connection:
            connection.sendall(request)
            received = b""
            while until and until not in received:
                received += connection.recv(65_536)
            if not until:
                wait_until(lambda: self.begun() > begun, "the handler")

    def begun(self) -> int:
        return len([line for line in self.lines if line["message"] == "begun"])

    def counted(self, metric: str, label: str, endpoint: str) -> dict[str, float]:
        """Scrape the counts of an endpoint, by another label."""
        _, body, _ = self.get("/metrics")
        return {
            dict(labels)[label]: value
            for (name, labels), value in read_samples(body.decode()).items()
            if name == metric and dict(labels)["endpoint"] == endpoint and value
        }

    def expect(self, endpoint: str, **statuses: int) -> None:
        """Wait until these are the counts of an endpoint: `s200=1` is one 200."""
        wanted = {status[1:]: count for status, count in statuses.items()}
        wait_until(
            lambda: self.counted("http_requests_total", "status", endpoint) == wanted,
            f"{wanted} at {endpoint}, not "
            f"{self.counted('http_requests_total', 'status', endpoint)}",
        )

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was logged as JSON; most servers print lines of their own form beside it."""
        lines = self._output.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def has_line_of(self, path: str) -> bool:
        return any(line.get("path") == path for line in self.lines)

    @property
    def output(self) -> str:
        return self._output.read_text()

    def answers(self) -> bool:
        """Say whether it is up."""
        assert self.process.poll() is None, self.output
        try:
            return self.get("/items/0")[0] == 200
        except OSError:
            return False


@contextmanager
def serving(
    name: str,
    module: str,
    folder: Path,
    end: signal.Signals = signal.SIGTERM,
    **environment: str,
) -> Iterator[Server]:
    """Run an application for a block, metric files in a folder where there are many workers.

    Args:
        name: One of `SERVERS`.
        module: What is beside this module, and has the application as `app`.
        folder: For output and metric files.
        end: Ends the server; a server that waits for its requests would wait for what hangs.
        environment: Joins the process's own.
    """
    program, *arguments = SERVERS[name]
    path = shutil.which(program, path=str(Path(sys.executable).parent))
    if path is None:
        pytest.skip(f"{program} is not installed")
    port = free_port()
    variables = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    variables |= {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    if name.endswith("-workers"):
        (folder / "metrics").mkdir()
        variables["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "metrics")
    stands_for = {
        "PORT": str(port),
        "APP": f"tests.telemetry.server.{module}:app",
        "FILE": str(HERE / f"{module}.py"),
    }
    for word, text in stands_for.items():
        arguments = [each.replace(word, text) for each in arguments]
    with (folder / "output.log").open("wb") as sink:
        process = launch_group(
            [path, *arguments],
            cwd=ROOT,
            env={**variables, **environment},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    running = Server(name, process, port, folder / "output.log")
    try:
        wait_until(running.answers, f"an answer of {name}")
        yield running
    finally:
        end_group(process, end)
