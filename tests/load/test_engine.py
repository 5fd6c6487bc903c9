"""A load against a small server of the test."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from burnrate.load.background import BackgroundLoad
from burnrate.load.dataset import Dataset
from burnrate.load.engine import Engine, LoadFailed
from burnrate.load.mix import REALISTIC, Mix
from burnrate.stack import free_port
from tests.servers.threads import served
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@dataclass
class Service:
    """Users and posts that are only counted."""

    status: int = 0  # instead of the right one
    users: set[int] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str) -> tuple[int, object]:
        """Return status and body."""
        with self._lock:
            self.calls[method] += 1
            if self.status:
                return self.status, {}
            number = self.calls.total()
            if (method, path) == ("POST", "/users"):
                self.users.add(number)
            if method == "DELETE" and path.startswith("/users/"):
                self.users.discard(int(path.rpartition("/")[2]))
        return (201 if method == "POST" else 200), {"id": number}


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    """Serve it on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = service.answer(self.command, self.path.partition("?")[0])
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.port = server.server_port
    with served(server):
        yield service


def engine(port: int) -> Engine:
    """A quick one."""
    url = f"http://127.0.0.1:{port}"
    return Engine(url, 100, Mix(REALISTIC), Dataset("test"), is_processing=False)


def test_what_the_load_created_is_gone_when_it_ends() -> None:
    """It leaves a service as it found it."""
    with serving(Service()) as service:
        with BackgroundLoad(engine(service.port)) as load:
            wait_until(lambda: load.stats.done > 80)
            assert service.users
        assert service.users == set()
        assert load.stats.failed == 0
        assert load.stats.in_flight == 0


def test_an_outage_does_not_slow_the_load() -> None:
    """Requests go on at the same rate and are counted as what they became."""
    with serving(Service()) as service, BackgroundLoad(engine(service.port)) as load:
        service.status = 503
        wait_until(lambda: load.stats.of_class(5) > 50)
        service.status = 0
        before = load.stats.succeeded
        wait_until(lambda: load.stats.succeeded > before + 50)


def test_a_service_that_takes_no_content_gets_no_load() -> None:
    """One line says so."""
    with (
        serving(Service(status=503)) as service,
        pytest.raises(LoadFailed, match="does not take new users and posts: 503"),
        BackgroundLoad(engine(service.port)),
    ):
        pytest.fail("there must be no load")


def test_a_service_that_is_not_there_gets_no_load() -> None:
    """One line says so."""
    with (
        pytest.raises(LoadFailed, match="no answer"),
        BackgroundLoad(engine(free_port())),
    ):
        pytest.fail("there must be no load")
