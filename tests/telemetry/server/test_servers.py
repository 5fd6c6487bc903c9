"""On every server the counts say what the clients got."""

import os
import signal
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from tests.support.waiting import PATIENCE_SECONDS, wait_until
from tests.telemetry.server.serving import SERVERS, Server, serving

pytestmark = pytest.mark.integration

FILE = Path(__file__).with_name("served.py")


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Run each server in turn."""
    with serving(request.param, "served", tmp_path_factory.mktemp("served")) as running:
        yield running


def test_answers_count_as_what_the_client_got(server: Server) -> None:
    """A file that the server sends itself, a stream, an extension's messages, a refusal."""
    for path, size in (("/items/7", 1), ("/file", FILE.stat().st_size), ("/stream", 9)):
        status, body, ids = server.get(path)
        assert (status, len(body), len(ids)) == (200, size, 1)
    assert server.get("/constant/")[:2] == (200, b"constant")
    assert len(server.get("/constant/")[2]) == 1
    assert server.get("/extended/")[:2] == (200, b"constant")
    assert server.get("/items/none")[0] == 422
    assert server.get("/items/8", **{"X-Unwelcome": "1"})[0] == 403
    assert server.get("/nowhere")[0] == 404
    server.expect("/file", s200=1)
    server.expect("/stream", s200=1)
    server.expect("/constant/{path}", s200=2)
    server.expect("/extended/{path}", s200=1)
    server.expect("unmatched", s404=1)
    counts = server.counted("http_requests_total", "status", "/items/{item}")
    assert (counts["422"], counts["403"]) == (1, 1)


def test_each_request_is_one_line_whoever_configured_the_server(server: Server) -> None:
    """The access log of a server that is configured later, as by `uvicorn.run`, is off as well."""
    for path in ("/items/424242", "/items/434343"):  # behind the second nothing of the first comes
        server.get(path)
        wait_until(partial(server.has_line_of, path), f"the line of {path}")
    lines = [line for line in server.output.splitlines() if "/items/424242" in line]
    if server.name == "daphne":  # it writes it itself, without `logging`
        lines = [line for line in lines if line.startswith("{")]
    assert len(lines) == 1, lines
    assert lines[0].startswith("{")


def test_failures_count_as_such(server: Server) -> None:
    """An exception, a stream that breaks behind a middleware, and what happens afterwards."""
    assert server.get("/fail")[0] == 500
    assert b"half" in server.get("/broken")[1]
    assert server.get("/background")[:2] == (200, b'"accepted"')
    server.expect("/fail", s500=1)
    server.expect("/broken", s500=1)
    server.expect("/background", s200=1)

    def lines_of(route: str) -> list[dict[str, Any]]:
        return [line for line in server.lines if line.get("route") == route]

    wait_until(lambda: len(lines_of("/background")) == 2, "the line of the task")
    assert [line["level"] for line in lines_of("/background")] == ["info", "error"]
    for route, text in (("/fail", "broken"), ("/broken", "lost")):
        (line,) = wait_until(partial(lines_of, route), f"the line of {route}")
        assert (line["level"], line["exception_message"]) == ("error", text)


def test_handled_500_keeps_its_connection(server: Server) -> None:
    """Only an exception that reaches the server ends it."""
    connection = server.connection()
    connection.request("GET", "/items/1")
    connection.getresponse().read()
    socket_before = connection.sock
    assert socket_before is not None
    for _ in range(2):
        connection.request("GET", "/handled")
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.headers["connection"] in {None, "keep-alive"}) == (500, True)
    assert connection.sock is socket_before
    connection.close()
    server.expect("/handled", s500=2)


def test_client_that_leaves_is_no_failure(server: Server) -> None:
    """While it uploads, while it waits, and while it listens to events, which only that ends."""
    if server.name != "daphne":  # it calls no application before it has the whole body
        head = b"Host: x\r\nContent-Length: 1000\r\n\r\nhalf"
        server.leave(b"POST /upload HTTP/1.1\r\n" + head)
        server.expect("/upload", s499=1)
    server.leave(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    server.expect("/wait", s499=1)
    server.leave(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n", until=b"data: 1")
    server.expect("/events", s200=1)
    expected = {"/wait", "/events"} if server.name == "daphne" else {"/upload", "/wait", "/events"}

    def lines_of_all() -> list[dict[str, Any]]:
        lines = [line for line in server.lines if line.get("route") in expected]
        return lines if {line["route"] for line in lines} == expected else []

    left = wait_until(lines_of_all, f"the lines of {expected}")
    assert {line["level"] for line in left} == {"info"}
    assert not {line.get("exception_type") for line in left} - {None}


def test_websockets_are_counted_by_outcome(server: Server) -> None:
    """Accepted and closed, broken, refused."""
    address = f"ws://127.0.0.1:{server.port}/rooms/"
    with connect(address + "1") as socket:
        socket.send("hello")
        assert socket.recv() == "hello"
    with connect(address + "2") as socket:
        socket.send("fail")
        with pytest.raises(ConnectionClosed):
            socket.recv()
    with pytest.raises((InvalidHandshake, ConnectionClosed)), connect(address + "closed") as socket:
        socket.recv()
    expected = {"ok": 1, "error": 1, "refused": 1}
    wait_until(
        lambda: server.counted("websocket_sessions_total", "outcome", "/rooms/{room}") == expected,
        f"{expected}",
    )


def test_exceptions_are_reported_once(server: Server) -> None:
    """Their line has the ids; the server's own report would come without them."""
    if server.name.startswith("granian"):
        pytest.skip("granian reports exceptions as text, from Rust")
    for path in ("/fail", "/broken", "/background"):
        server.get(path)
    wait_until(lambda: len([line for line in server.lines if "exception_type" in line]) >= 3)
    assert "\nTraceback" not in server.output


@pytest.mark.parametrize("server", ["gunicorn"], indirect=True)
def test_events_that_a_stopping_worker_ends_are_no_failure(server: Server) -> None:
    """They would go on for ever; the client asks again, as browsers do."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    before = server.counted("http_requests_total", "status", "/events").get("200", 0.0)
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as connection:
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: b"data: 1" in connection.recv(65_536))
        old = children.read_text().split()
        for pid in old:
            os.kill(int(pid), signal.SIGTERM)
        wait_until(lambda: not set(old) & set(children.read_text().split()), "new workers")
    wait_until(server.answers)
    server.expect("/events", s200=int(before) + 1)
