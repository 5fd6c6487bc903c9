"""Documents that are made to take long, a server that hands them out, and who has them analysed."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

from burnrate.stack import LOOPBACK

# As large as the service takes (PROCESS_MAX_DOCUMENT_BYTES).
_BYTES: Final = 1024 * 1024
_TIMEOUT_SECONDS: Final = 60

# A charset that Python reads in a time that grows with the square, the slowest that browsers know,
# tags and comments that are never closed, endless numbers, and words that are all different.
_FORGED: Final = (
    ("text/plain; charset=punycode", b"a-b"),
    ("text/plain; charset=iso-2022-jp", b'\x1b$B$"\x1b(B'),
    ("text/html", b"<"),
    ("text/html", b"<!--<script>"),
    ("text/html", b"&#1111111111"),
    ("text/plain", b" ".join(b"w%x" % number for number in range(20_000)) + b" "),
)  # fmt: skip
NO_ANSWER: Final = 0


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, part = _FORGED[int(self.path[1:]) % len(_FORGED)]
        body = (part * (_BYTES // len(part) + 1))[:_BYTES]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1_000

    def handle_error(self, *_: object) -> None:
        """Leave alone a service that has had enough."""


@contextmanager
def forged_documents() -> Iterator[str]:
    """Hand them out for the block; yields the host and port, as the service has to allow them."""
    with _Server((LOOPBACK, 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, name="documents", daemon=True).start()
        try:
            yield f"{LOOPBACK}:{server.server_port}"
        finally:
            server.shutdown()


def send_documents(url: str, host: str, count: int) -> Counter[int]:
    """Have so many analysed, all at once; returns the answers by status.

    Args:
        url: The service.
        host: Where the documents are.
        count: How many.
    """
    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(lambda number: _send(url, f"http://{host}/{number}"), range(count)))


def _send(url: str, document: str) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        str(parts.hostname), parts.port, timeout=_TIMEOUT_SECONDS
    )
    try:
        body = json.dumps({"url": document})
        connection.request("POST", "/process", body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return NO_ANSWER
    finally:
        connection.close()
