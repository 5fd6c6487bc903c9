"""Probes ask the part itself."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from burnrate.stack.addresses import AddressMap
from burnrate.stack.processes.probes import (
    Health,
    HttpProbe,
    PostgresProbe,
    ProbeContext,
    RedisProbe,
)


class _Handler(BaseHTTPRequestHandler):
    answers = {  # noqa: RUF012 - never written
        "/ok": (200, b"pg_up 1\n"),
        "/down": (200, b"# HELP pg_up 1\npg_up 0\n"),
        "/sick": (503, b'{"postgres":\n "down"}'),
    }

    def do_GET(self) -> None:
        """Answer from the table."""
        status, body = self.answers[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[int]:
    """An HTTP server's port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _around(tmp_path: Path, variable: str, port: int) -> ProbeContext:
    (tmp_path / "redis_password").write_text("pw", encoding="utf-8")
    return ProbeContext(AddressMap.from_environment({variable: str(port)}), tmp_path)


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        (HttpProbe("/ok"), Health(is_healthy=True)),
        (HttpProbe("/ok", expected="pg_up 1"), Health(is_healthy=True)),
        (
            HttpProbe("/down", expected="pg_up 1"),
            Health(is_healthy=False, detail="no line 'pg_up 1' in /down"),
        ),
        (
            HttpProbe("/sick"),
            Health(is_healthy=False, detail='GET /sick: 503 {"postgres": "down"}'),
        ),
    ],
)
def test_only_the_wanted_answer_is_healthy(
    server: int, tmp_path: Path, probe: HttpProbe, expected: Health
) -> None:
    """Status and, for exporters, the line that says that they reach their server."""
    assert probe.check("api", _around(tmp_path, "API_PORT", server)) == expected


@pytest.mark.parametrize(
    ("part", "variable", "probe"),
    [
        ("api", "API_PORT", HttpProbe("/ok")),
        ("redis", "REDIS_PORT", RedisProbe()),
        ("postgres", "POSTGRES_PORT", PostgresProbe()),
    ],
)
def test_nobody_there_is_unhealthy_and_never_an_exception(
    tmp_path: Path, free_port: int, part: str, variable: str, probe: HttpProbe
) -> None:
    """The reason is in the detail."""
    health = probe.check(part, _around(tmp_path, variable, free_port))
    assert not health.is_healthy
    assert health.detail


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"+OK\r\n+PONG\r\n+OK\r\n", Health(is_healthy=True)),
        (
            b"-WRONGPASS invalid\r\n-NOAUTH\r\n",
            Health(is_healthy=False, detail="-WRONGPASS invalid"),
        ),
        (b"-LOADING\r\n", Health(is_healthy=False, detail="-LOADING")),
        (b"", Health(is_healthy=False, detail="no PONG")),
    ],
)
def test_redis_must_take_the_password_and_answer_pong(
    tmp_path: Path, answer: bytes, expected: Health
) -> None:
    """A server that loads its data or refuses us is not healthy."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                received.append(connection.recv(4096))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        port = int(server.getsockname()[1])
        assert RedisProbe().check("redis", _around(tmp_path, "REDIS_PORT", port)) == expected
        thread.join()
    assert received == [b"AUTH pw\r\nPING\r\nQUIT\r\n"]
