"""nginx with either of the modules that count, before a service that does as it is told."""

import asyncio
import re
import shutil
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import httpx2
import psutil
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from burnrate.stack import free_port
from tests.compose.servers import ROOT, running_nginx
from tests.support.waiting import PATIENCE_SECONDS, wait_until

# Who answered, status, kind, outcome.
Key = tuple[str, str, str, str]
LABELS = ("answered_by", "status", "kind", "outcome")
# In place of the shipped 30 s.
DEADLINE_SECONDS = 2.0
LATE_SECONDS = DEADLINE_SECONDS + 0.3
_TOTAL = re.compile(
    r"^front_door_requests_total\{"
    + ",".join(rf'{name}="(\w+)"' for name in LABELS)
    + r"\} (\d+)$",
    re.MULTILINE,
)
_LIMITS = """
    limit_req_zone $server_name zone=rate:1m rate=1r/m;
    limit_conn_zone $server_name zone=connections:1m;
    limit_req_status"""
_LOCATIONS = """location = /rare { limit_req zone=rate; proxy_pass http://api; }
        location = /single { limit_conn connections 1; proxy_pass http://api; }
        location = /feed {"""


@dataclass(frozen=True)
class Service:
    """A service whose answers are chosen by the path; `released` ends those that hang."""

    released: threading.Event = field(default_factory=threading.Event)
    hanging: Counter[str] = field(default_factory=Counter)

    @property
    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/answer/{status:int}", _answer, methods=["GET", "POST"]),
                Route("/kind/{kind}/{status:int}", _kind),
                Route("/late", _late, methods=["GET", "POST"]),
                Route("/late/{deadline}", _late),
                Route("/stream", _stream),
                *(Route(path, self._hang) for path in ("/hang", "/feed", "/single")),
                Route("/rare", _answer),
            ]
        )

    async def _hang(self, request: Request) -> Response:
        self.hanging[request.url.path] += 1
        await run_in_threadpool(self.released.wait, PATIENCE_SECONDS)
        return Response()


async def _answer(request: Request) -> Response:
    return Response(status_code=request.path_params.get("status", 200))


async def _kind(request: Request) -> Response:
    headers = {"X-Request-Kind": request.path_params["kind"]}
    return Response(status_code=request.path_params["status"], headers=headers)


async def _late(request: Request) -> Response:
    await request.body()
    await asyncio.sleep(LATE_SECONDS)
    deadline = request.path_params.get("deadline")
    return Response(headers={"X-Burnrate-Deadline": deadline} if deadline else None)


async def _stream(_request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"begun"
        await asyncio.sleep(LATE_SECONDS)
        yield b"ended"

    return StreamingResponse(parts())


@dataclass(frozen=True)
class Door:
    """A running nginx that counts."""

    port: int
    status_port: int
    folder: Path

    @property
    def url(self) -> str:
        """Where clients come in."""
        return f"http://127.0.0.1:{self.port}"

    def metrics(self) -> str:
        """Return what Prometheus would get."""
        answer = httpx2.get(f"http://127.0.0.1:{self.status_port}/metrics")
        assert answer.status_code == 200
        return answer.text

    def counts(self) -> Counter[Key]:
        """Return the requests that it has counted."""
        found = _TOTAL.findall(self.metrics())
        return Counter({(a, b, c, d): int(count) for a, b, c, d, count in found})

    def get(self, path: str) -> httpx2.Response:
        """Ask once, on a connection of its own."""
        return httpx2.get(f"{self.url}{path}", timeout=PATIENCE_SECONDS)

    def status(self, path: str) -> int:
        """Ask with as little work as possible, and return the answer's status."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def say(self, request: bytes) -> bytes:
        """Send bytes, and return the answer until nginx hangs up."""
        with self._connected() as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(65_536), b""))

    def post_slowly(self, path: str, seconds: float) -> bytes:
        """Ask with a body whose second half comes late, and return the answer."""
        head = f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
        with self._connected() as client:
            client.sendall(head.encode() + b"a")
            time.sleep(seconds)  # the client's slowness, which is the subject
            client.sendall(b"b")
            return b"".join(iter(lambda: client.recv(65_536), b""))

    def _connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)

    def workers(self) -> set[int]:
        """Return the processes that serve."""
        return {child.pid for child in self._master.children()}

    def reload(self) -> None:
        """Have nginx read its files again, and wait for a worker that has."""
        before = self.workers()
        self._master.send_signal(signal.SIGHUP)
        wait_until(lambda: self.workers() - before, "a new worker")

    def kill_worker(self) -> None:
        """Kill one, and wait for the one in its place."""
        before = self._master.children()
        # After a reload the old ones may still be leaving, and nobody takes their place.
        newest = max(before, key=psutil.Process.create_time)
        newest.kill()
        wait_until(lambda: self.workers() - {child.pid for child in before}, "a new worker")

    @property
    def _master(self) -> psutil.Process:
        return psutil.Process(int((self.folder / "nginx.pid").read_text()))


@contextmanager
def running_door(module: str, folder: Path, upstream_port: int, *prefix: str) -> Iterator[Door]:
    """Run nginx with `module` (`njs`, `lua`, or none) for the block.

    Args:
        module: Whose folder below nginx/ it counts with.
        folder: For its files; must not exist.
        upstream_port: Where the service is, or will be.
        prefix: What starts nginx.
    """
    door = Door(free_port(), free_port(), folder)
    replacements = {
        "api:8000": f"127.0.0.1:{upstream_port}",
        "0.0.0.0:8080": f"127.0.0.1:{door.port}",
        "0.0.0.0:8081": f"127.0.0.1:{door.status_port}",
        "    limit_req_status": _LIMITS.strip("\n"),
        "location = /feed {": _LOCATIONS,
        "proxy_read_timeout 31s": "proxy_read_timeout 3s",
        "default 30;": f"default {DEADLINE_SECONDS:g};",
    }
    with ExitStack() as stack:
        folders = {"counting": ROOT / "nginx" / module} if module else {}
        nginx = running_nginx(
            ROOT / "nginx/nginx.conf", folder, replacements, door.port, folders, prefix
        )
        stack.enter_context(nginx)
        yield door


def has_lua() -> bool:
    """Return whether this machine's nginx has the module."""
    is_there = Path("/usr/lib/nginx/modules/ngx_http_lua_module.so").exists()
    return is_there and shutil.which("nginx") is not None
