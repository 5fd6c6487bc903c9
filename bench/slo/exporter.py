"""An exporter of many services' counters, which grow at a steady rate."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.slo.history import count_at
from burnrate.stack import LOOPBACK

_ANY_PORT = 0


@contextmanager
def running_exporter(series: Mapping[str, Mapping[str, float]]) -> Iterator[int]:
    """Serve series for the block; give the port.

    Args:
        series: By path, each series with its events a second.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now, own = time.time(), series[self.path]
            lines = (f"{name} {count_at(now, rate)}\n" for name, rate in own.items())
            body = "".join(lines).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write no access log."""

    server = ThreadingHTTPServer((LOOPBACK, _ANY_PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
