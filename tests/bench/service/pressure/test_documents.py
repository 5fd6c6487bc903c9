"""Forged documents are handed out as they are meant, and all are sent at once."""

import json
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Thread

from bench.service.pressure.documents import NO_ANSWER, forged_documents, send_documents


def test_documents_have_the_size_that_the_service_takes_and_the_charset_that_hurts() -> None:
    """Any number is the address of one."""
    kinds = set()
    with forged_documents() as host:
        for number in (0, 1, 2, 199):
            with urllib.request.urlopen(f"http://{host}/{number}") as answer:
                kinds.add(answer.headers["Content-Type"])
                assert len(answer.read()) == 1024 * 1024
    assert "text/plain; charset=punycode" in kinds


def test_all_are_under_way_at_once_and_answers_are_counted() -> None:
    """The barrier opens only once all of them are there; nobody answers the last address."""
    together = Barrier(5, timeout=60)
    seen: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.add(json.loads(body)["url"])
            together.wait()
            self.send_response(503 if json.loads(body)["url"].endswith("/0") else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert send_documents(url, "there:1", 5) == Counter({200: 4, 503: 1})
        server.shutdown()
    assert seen == {f"http://there:1/{number}" for number in range(5)}
    assert send_documents(url, "there:1", 2) == Counter({NO_ANSWER: 2})
