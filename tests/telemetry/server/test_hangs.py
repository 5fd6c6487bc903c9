"""On real servers every request that hangs is counted, once, and agrees with a client's count."""

import http.client
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from tests.support.samples import read_samples
from tests.support.waiting import PATIENCE_SECONDS, wait_until
from tests.telemetry.server.serving import Server, serving

pytestmark = pytest.mark.integration

HANGS: Final = 10
LIMIT: Final = 0.5
SERVERS: Final = ("uvicorn", "uvicorn-workers", "gunicorn", "hypercorn-workers")


class Upstream:
    """A service that takes connections and says nothing until it is closed."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]

    def close(self) -> None:
        self._listener.close()  # those that wait in its queue get a reset


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path, upstream: Upstream) -> Iterator[Server]:
    """Run each server for each test: what hangs in it ends with it."""
    port = str(upstream.port)
    environment = {"UPSTREAM_PORT": port}
    with serving(request.param, "hanging", tmp_path, signal.SIGKILL, **environment) as running:
        yield running


only_gunicorn = pytest.mark.parametrize("server", ["gunicorn"], indirect=True)


def sums(server: Server, path: str) -> dict[str, float]:
    """Scrape what is counted of a route: by status, overdue, durations; and what is in progress."""
    _, body, _ = server.get("/metrics")
    found: dict[str, float] = {}
    keys = {
        "http_requests_overdue_total": "overdue",
        "http_request_duration_seconds_count": "durations",
    }
    for (name, labels), value in read_samples(body.decode()).items():
        by = dict(labels)
        if name == "http_requests_in_progress":
            found["open"] = value
        elif by.get("endpoint") == path and value:
            key = by["status"] if name == "http_requests_total" else keys.get(name)
            if key is not None:
                found[key] = found.get(key, 0.0) + value
    return found


def expect(server: Server, path: str, **wanted: float) -> None:
    """Wait until this is what is counted; `s504=1` is one 504."""
    expected = {key.removeprefix("s"): value for key, value in wanted.items()}
    wait_until(lambda: sums(server, path) == expected, f"{expected}, not {sums(server, path)}")


def request_lines(server: Server, path: str) -> list[dict[str, Any]]:
    return [
        line
        for line in server.lines
        if line.get("route") == path and line["logger"] == "burnrate.request"
    ]


def notices(server: Server) -> list[dict[str, Any]]:
    """Return what was said at the deadlines."""
    return [line for line in server.lines if line["logger"] == "burnrate.overdue"]


def ask(server: Server, path: str, stack: ExitStack) -> http.client.HTTPConnection:
    """Send a request and wait for nothing."""
    connection = server.connection()
    stack.callback(connection.close)
    connection.request("GET", path)
    return connection


@pytest.mark.parametrize("path", ["/pool", "/upstream"])
def test_each_request_that_hangs_is_counted_while_it_hangs(
    server: Server, upstream: Upstream, path: str
) -> None:
    """A deadlocked pool, an upstream without a time-out: ten of ten, and again none at the end."""
    with ExitStack() as stack:
        hanging = [ask(server, path, stack) for _ in range(HANGS)]
        counted = {"s504": HANGS, "overdue": HANGS, "durations": HANGS}
        expect(server, path, **counted, open=HANGS)
        wait_until(lambda: len(notices(server)) == HANGS, "what is said of them")
        assert len({line["request_id"] for line in notices(server)}) == HANGS
        assert request_lines(server, path) == []
        if path == "/upstream":
            upstream.close()
            assert {each.getresponse().status for each in hanging} <= {200, 500}
            wait_until(lambda: len(request_lines(server, path)) == HANGS, "the lines of all")
            assert all(line["overdue"] is True for line in request_lines(server, path))
            expect(server, path, **counted, open=0)


def test_a_blocked_event_loop_hides_none(server: Server) -> None:
    """Each of ten blocks it for longer than its deadline; the client gets its 200."""
    with ThreadPoolExecutor(HANGS) as clients:
        answers = list(clients.map(lambda _: server.get("/block")[0], range(HANGS)))
    assert answers == [200] * HANGS
    expect(server, "/block", s504=HANGS, overdue=HANGS, durations=HANGS, open=0)
    wait_until(lambda: len(request_lines(server, "/block")) == HANGS, "the lines of all")
    lines = request_lines(server, "/block")
    assert {(line["status_code"], line["overdue"]) for line in lines} == {(200, True)}


def test_requests_that_end_around_their_deadline_count_once(server: Server) -> None:
    """As many events as answers; late are those that were, by their own lines."""
    random = Random(21)  # noqa: S311 - the same course in each run
    seconds = [random.uniform(LIMIT - 0.2, LIMIT + 0.2) for _ in range(80)]
    with ThreadPoolExecutor(16) as clients:
        paths = [f"/near?seconds={each:.4f}" for each in seconds]
        answers = [answer[0] for answer in clients.map(server.get, paths)]
    assert answers == [200] * len(seconds)
    wait_until(lambda: len(request_lines(server, "/near")) == len(answers), "the lines of all")
    lines = request_lines(server, "/near")
    late = len([line for line in lines if line.get("overdue")])
    assert late >= len([each for each in seconds if each > LIMIT])
    assert all(line["process_time"] > LIMIT for line in lines if line.get("overdue"))
    assert not [line for line in lines if line["process_time"] > LIMIT and not line.get("overdue")]
    expected = {"s504": late, "overdue": late, "durations": len(answers), "open": 0}
    in_time = len(answers) - late
    expect(server, "/near", **expected, **({"s200": in_time} if in_time else {}))


def test_streams_long_routes_and_slow_uploads_are_in_time(server: Server) -> None:
    """All take longer than the deadline."""
    for path in ("/long", "/stream"):
        assert server.get(path)[0] == 200
        expect(server, path, s200=1, durations=1, open=0)
    body = b"half"
    head = f"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: {2 * len(body)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as connection:
        connection.sendall(head + body)
        wait_until(server.begun, "the handler")
        assert server.get("/long")[0] == 200  # more than twice the deadline later
        connection.sendall(body)
        wait_until(lambda: b" 200" in connection.recv(65_536), "its answer")
    expect(server, "/upload", s200=1, durations=1, open=0)


def test_a_client_that_leaves_counts_once(server: Server) -> None:
    """After the deadline as overdue, before it as one that left."""
    server.leave(b"GET /patient HTTP/1.1\r\nHost: x\r\n\r\n")
    expect(server, "/patient", s499=1, durations=1, open=0)
    counted = {"s504": 1, "overdue": 1, "durations": 1}
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        expect(server, "/wait", **counted, open=1)
    (line,) = wait_until(partial(request_lines, server, "/wait"), "its line")
    assert (line["status_code"], line["overdue"]) == (499, True)
    expect(server, "/wait", **counted, open=0)


@only_gunicorn
def test_a_worker_that_is_killed_takes_no_count_along(server: Server) -> None:
    """What it had found overdue stays counted and said, though its line never comes."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    with ExitStack() as stack:
        for _ in range(HANGS):
            ask(server, "/pool", stack)
        counted = {"s504": HANGS, "overdue": HANGS, "durations": HANGS}
        expect(server, "/pool", **counted, open=HANGS)
        wait_until(lambda: len(notices(server)) == HANGS, "what is said of them")
        old = children.read_text().split()
        for pid in old:
            os.kill(int(pid), signal.SIGKILL)
        wait_until(lambda: not set(old) & set(children.read_text().split()), "new workers")
        wait_until(server.answers)
        expect(server, "/pool", **counted, open=0)
    assert len(notices(server)) == HANGS
    assert request_lines(server, "/pool") == []


@only_gunicorn
@pytest.mark.parametrize("path", ["/thread", "/stubborn"])
def test_what_a_stopping_worker_leaves_unanswered_is_a_failure(server: Server, path: str) -> None:
    """Long before its deadline: one that can be cancelled, and one that goes on all the same."""
    with ExitStack() as stack:
        ask(server, path, stack)
        (pid,) = wait_until(
            lambda: [
                int(line["message"].split()[1])
                for line in server.lines
                if line["logger"] == "hanging"
            ],
            "the handler",
        )
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: sums(server, path).get("500") == 1, "its count")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        expect(server, path, s500=1, durations=1, open=0)
