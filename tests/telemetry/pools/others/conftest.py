"""Real servers for the pools of other libraries: PostgreSQL, Redis, and one that answers HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.servers.postgres import SUPERUSER, PostgresServer, running_postgres
from tests.servers.redis import RedisServer, running_redis


@dataclass(frozen=True)
class Servers:
    """Where they listen."""

    postgres: PostgresServer
    redis: RedisServer
    http: str

    @property
    def dsn(self) -> str:
        return f"{SUPERUSER}@{self.postgres.host}:{self.postgres.port}/postgres"


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/redirected":
            self.send_response(302)
            self.send_header("Location", "/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:  # it would go to stderr
        return


@contextmanager
def _running_http() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="package")
def servers() -> Iterator[Servers]:
    with running_postgres() as postgres, running_redis() as redis, _running_http() as http:
        yield Servers(postgres, redis, http)
