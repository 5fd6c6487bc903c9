"""Real servers for these tests: nginx with a file of the tree, and something behind it."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer

import uvicorn
from starlette.types import ASGIApp

from burnrate.stack import free_port
from tests.servers.groups import end_group, launch_group
from tests.servers.processes import is_listening
from tests.support.waiting import PATIENCE_SECONDS, wait_until

ROOT = Path(__file__).parents[2]


def wait_for_port(port: int, *, alive: Callable[[], bool]) -> None:
    """Return once the port accepts; fail as soon as its server is gone."""
    wait_until(lambda: is_listening(port) or not alive(), f"port {port}", every_seconds=0.02)
    assert alive(), f"nothing listens on port {port}"


@contextmanager
def running_nginx(
    source: Path,
    prefix: Path,
    replacements: dict[str, str],
    port: int,
    folders: Mapping[str, Path] | None = None,
    launcher: Sequence[str] = (),
) -> Iterator[Path]:
    """Run nginx on a copy of `source` with other addresses; yields the file with its output.

    Args:
        source: Its file.
        prefix: The folder to make for it.
        replacements: Text of the file -> what stands there instead.
        port: Where it will listen.
        folders: Others to copy beside the file, by their names there.
        launcher: What starts it.
    """
    prefix.mkdir()
    for name, folder in (folders or {}).items():
        shutil.copytree(folder, prefix / name)
    text = source.read_text(encoding="utf-8")
    for old, new in replacements.items():
        assert old in text, f"{source.name} does not name {old}"
        text = text.replace(old, new)
    (prefix / "nginx.conf").write_text(text, encoding="utf-8")
    log = prefix / "output.log"
    # Root's workers would become another user, who may not enter the tests' folder.
    directives = "daemon off;" + (" user root;" if os.getuid() == 0 else "")
    arguments = ["-e", "stderr", "-p", str(prefix), "-c", str(prefix / "nginx.conf")]
    with log.open("ab") as output:
        process = launch_group(
            [*launcher, "nginx", *arguments, "-g", directives], stdout=output, stderr=output
        )
    try:
        wait_for_port(port, alive=lambda: process.poll() is None)
        yield log
    finally:
        end_group(process)


@contextmanager
def running_app(app: ASGIApp, port: int | None = None) -> Iterator[int]:
    """Serve an ASGI application from a thread; yields its port."""
    port = port or free_port()
    # Without `proxy_headers`: the tests are about what nginx connects with.
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="error",
        lifespan="off",
        ws="websockets-sansio",
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for_port(port, alive=thread.is_alive)
        yield port
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


class _Rude(BaseHTTPRequestHandler):
    """Answers a GET and keeps the connection; takes a POST and hangs up without an answer."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, RudeServer)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.posts += 1
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Stay silent."""


class RudeServer(ThreadingHTTPServer):
    """A server that answers no POST; `posts` counts those it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        self.posts = 0
        super().__init__(("127.0.0.1", 0), _Rude)


class _FakeDocker(BaseHTTPRequestHandler):
    """Answers anything, so that whatever gets through the proxy is seen."""

    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        server = self.server
        assert isinstance(server, FakeDocker)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.requests.append((self.command, self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"[]")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - the base's names

    def address_string(self) -> str:
        """Name the client: a Unix socket has no address."""
        return "unix"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Stay silent."""


class FakeDocker(ThreadingMixIn, UnixStreamServer):
    """Stands where the Docker engine's socket is; `requests` holds what reached it."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        super().__init__(str(path), _FakeDocker)
