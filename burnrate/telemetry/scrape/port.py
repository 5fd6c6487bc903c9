"""The metrics on a port of their own, which nobody reaches who reaches the service."""

import logging
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6, socket
from socketserver import TCPServer
from threading import BoundedSemaphore, Thread
from typing import Any, Final
from urllib.parse import urlsplit

from burnrate.telemetry.failures import failed
from burnrate.telemetry.platforms import after_fork_while_alive
from burnrate.telemetry.workers import Exposition, directory

_log: Final = logging.getLogger("burnrate.telemetry")
# A scraper has one connection, two of them have two; a client that only holds on must not fill
# the process with threads.
_MAX_CONNECTIONS: Final = 8
_SILENCE_SECONDS: Final = 10.0


class MetricsPort:
    """Answers scrapes in threads of its own, also while the event loop is busy.

    Of many workers one holds the port and shows the sum of all; when it ends, another takes over
    within a second.

    Args:
        host: The address to listen on.
        port: 0 takes a free one.
        path: What is asked for; any other path is not found.
        exposition: Renders the answer.
    """

    def __init__(self, host: str, port: int, path: str, exposition: Exposition) -> None:
        self._address = (host, port)
        self._path = path
        self._exposition = exposition
        self._server: _Server | None = None
        self._is_said = False
        after_fork_while_alive(self._forget)

    @property
    def port(self) -> int | None:
        """The port that this process holds, None where it holds none."""
        return self._server.server_address[1] if self._server is not None else None

    def take(self) -> None:
        """Take the port if it is free and not taken already; called once a second."""
        if self._server is not None:
            return
        try:
            server = _Server(self._address, self._path, self._exposition)
        except OSError as error:
            self._say(error)
            return
        self._server = server
        Thread(target=server.serve_forever, name="burnrate-metrics-port", daemon=True).start()

    def leave(self) -> None:
        """Give the port up; waits for scrapes under way to be answered."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _forget(self) -> None:
        """Let go of it in a forked child, which has no thread that answers."""
        server, self._server = self._server, None
        if server is not None:
            server.socket.close()

    def _say(self, error: OSError) -> None:
        if self._is_said:
            return
        self._is_said = True
        # Another worker of this service has it, as a rule; alone, somebody else does.
        level = logging.WARNING if directory() is None else logging.DEBUG
        _log.log(level, "port %d for metrics is not free: %s", self._address[1], error.strerror)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], path: str, exposition: Exposition) -> None:
        self.path = path
        self.exposition = exposition
        self._free = BoundedSemaphore(_MAX_CONNECTIONS)
        if ":" in address[0]:
            self.address_family = AF_INET6
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind, and ask no name server what this machine is called: the event loop would wait."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Say nothing: a scraper that left."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SILENCE_SECONDS
    server_version = "metrics"
    sys_version = ""

    def do_GET(self) -> None:
        if urlsplit(self.path).path != self.server.path:
            self.send_error(404)
            return
        try:
            body, headers = self.server.exposition.render(
                self.headers.get("accept", ""), self.headers.get("accept-encoding", "")
            )
        except Exception as error:  # noqa: BLE001 - a hole in the series, and no failure of the service
            failed("scrape", error)
            self.send_error(503)
            return
        self.send_response(200)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing: a scrape every few seconds is no news."""
