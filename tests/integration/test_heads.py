"""The head of a request has limits at the service's and the inbox' own ports, past nginx."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.alerting.servers import InboxProcess
from tests.servers.api import running_api
from tests.servers.front import send_raw
from tests.servers.processes import HOST
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration

MEGABYTE = 1024 * 1024
GET = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
CLOSE = b"Connection: close\r\n\r\n"


@dataclass(frozen=True)
class Server:
    """Where it listens, and the process that answers."""

    port: int
    process: psutil.Process

    def memory(self) -> int:
        """Return what the process has in memory."""
        return int(self.process.memory_info().rss)


@contextmanager
def _service(_: Path) -> Iterator[Server]:
    with running_api(WEB_CONCURRENCY="1", DATABASE_STARTUP_WAIT_SECONDS="0") as api:
        [worker] = api.worker_pids()
        yield Server(api.port, psutil.Process(worker))


@contextmanager
def _inbox(folder: Path) -> Iterator[Server]:
    inbox = InboxProcess(folder)
    inbox.start()
    try:
        assert inbox.process is not None
        yield Server(inbox.port, psutil.Process(inbox.process.pid))
    finally:
        inbox.stop()


@pytest.fixture(scope="module", params=[_service, _inbox], ids=["service", "inbox"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Run each as it is run in production; the service without its stores."""
    with request.param(tmp_path_factory.mktemp("inbox")) as running:
        yield running


def _send_endlessly(server: Server, start: bytes, piece: bytes, megabytes: int) -> bytes:
    """Send until the server has had enough, or so much; return what it said."""
    with socket.create_connection((HOST, server.port), timeout=PATIENCE_SECONDS) as connection:
        answer = b""
        with suppress(ConnectionError):
            connection.sendall(start)
            for _ in range(megabytes * MEGABYTE // len(piece)):
                connection.sendall(piece)
        with suppress(ConnectionError):
            while chunk := connection.recv(65_536):
                answer += chunk
        return answer


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (GET + b"X-Long: ", b"x" * 65_536),
        (GET, b"X-Many: x\r\n" * 5_957),
        (b"GET /", b"x" * 65_536),
        (b"", b"\r\n" * 32_768),
        (CHUNKED + b"1\r\nx\r\n0\r\n" + b"X-Trailer: ", b"x" * 65_536),
        (CHUNKED + b"1\r\nx\r\n0\r\n", b"X-Trailer: x\r\n" * 4_681),
        (CHUNKED + b"1;", b"x" * 65_536),
    ],
    ids=["value", "fields", "target", "blank lines", "trailer", "trailers", "chunk extension"],
)
def test_endless_head_ends(server: Server, start: bytes, piece: bytes) -> None:
    """Nothing of 200 MB is kept, and whoever is still to be answered hears why."""
    before = server.memory()
    answer = _send_endlessly(server, start, piece, 200)
    # A client that goes on writing may lose the answer to the reset that follows it.
    assert answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 404", b"HTTP/1.1 400")) or not answer
    assert server.memory() - before < 20 * MEGABYTE
    assert httpx2.get(f"http://{HOST}:{server.port}/health/live").status_code == 200


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"X-Long: " + b"x" * 60_000 + b"\r\n", 200),
        (b"X-Long: " + b"x" * 66_000 + b"\r\n", 431),
        (b"X-Long: " + b"x" * 200_000 + b"\r\n", 431),
        (b"X-Many: x\r\n" * 98, 200),
        (b"X-Many: x\r\n" * 99, 431),
    ],
    ids=["60 kB", "66 kB", "200 kB", "100 fields", "101 fields"],
)
def test_limits_are_exact(server: Server, fields: bytes, status: int) -> None:
    """Also for a head that arrives at once."""
    answer = send_raw(server.port, GET + fields + CLOSE)
    assert answer.startswith(b"HTTP/1.1 %d" % status)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (GET + b"X-Many: x\r\n" * 200 + CLOSE, 431),
        (b"GET /health/live HTTP/9\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\nHost: x\r\n" + CLOSE, 400),
        (b"GET /caf\xe9/\xff?q=\xc3\xa9 HTTP/1.1\r\nHost: x\r\n" + CLOSE, 400),
        (CHUNKED + b"no number\r\n", 400),
    ],
)
def test_what_the_server_refuses_has_the_shape_of_all_errors(
    server: Server, raw: bytes, status: int
) -> None:
    """Although it is the server that refuses, before any application sees it."""
    head, _, body = send_raw(server.port, raw).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d" % status)
    assert b"content-type: application/json" in head.lower()
    error = json.loads(body)
    assert {"error", "request_id"} <= set(error)


@pytest.mark.parametrize("start", [GET + b"X-Half: ", b"G", b"\r\n", b"", GET + CLOSE[:-2]])
def test_half_a_head_is_closed_in_time(server: Server, start: bytes) -> None:
    """However slowly it goes on: the time is for the whole of it."""
    with socket.create_connection((HOST, server.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(start)
        began = time.monotonic()
        answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 408") or not (answer or start.strip())
        assert time.monotonic() - began < PATIENCE_SECONDS


def test_second_request_of_a_connection_has_the_same_limits(server: Server) -> None:
    """The first one's answer is not the last word."""
    with socket.create_connection((HOST, server.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(GET + b"\r\n")
        first = b""
        while not first.endswith(b"}"):
            first += connection.recv(65_536)
        assert first.startswith(b"HTTP/1.1 200")
        connection.sendall(GET + b"X-Many: x\r\n" * 200 + b"\r\n")
        second = b""
        while chunk := connection.recv(65_536):
            second += chunk
        assert second.startswith(b"HTTP/1.1 431")
