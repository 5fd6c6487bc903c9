"""Who is told of alerts, as Alertmanager says it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from burnrate.stack import free_port
from burnrate.stack.notified import find_told, told_line
from burnrate.stack.status import PartStatus


@contextmanager
def _alertmanager(body: str) -> Iterator[list[PartStatus]]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/api/v2/receivers" else 404)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        address = f"127.0.0.1:{server.server_address[1]}"
        try:
            yield [PartStatus("alertmanager", "running", address, "healthy")]
        finally:
            server.shutdown()
            thread.join()


def test_the_inbox_is_nobody() -> None:
    """It is on the machine that may die."""
    names = json.dumps([{"name": "inbox"}, {"name": "ntfy-pages"}, {"name": "own"}])
    with _alertmanager(names) as rows:
        assert find_told(rows) == ["ntfy-pages", "own"]
    with _alertmanager(json.dumps([{"name": "inbox"}])) as rows:
        assert find_told(rows) == []


@pytest.mark.parametrize("body", ["", "{}", "[1]", "no JSON"])
def test_what_cannot_be_read_is_not_known(body: str) -> None:
    with _alertmanager(body) as rows:
        assert find_told(rows) in (None, [])


def test_an_alertmanager_that_is_not_there_is_not_known() -> None:
    assert find_told([]) is None
    address = f"127.0.0.1:{free_port()}"
    assert find_told([PartStatus("alertmanager", "running", address, "healthy")]) is None
    assert find_told([PartStatus("alertmanager", "running", "inside", "unhealthy")]) is None


@pytest.mark.parametrize(
    ("told", "notify", "expected"),
    [
        ([], "", "nobody is told"),
        ([], "nobody", None),
        (["own"], "", "told by own"),
        (["own"], "nobody", "told by own"),
        (None, "", None),
        (["shop/slack-pages"], "", "teams alone are told, by shop/slack-pages"),
        (["shop/slack-pages"], "nobody", "alerts are told by shop"),
        (["shop/slack-pages", "ntfy-pages"], "", "alerts are told by shop"),
    ],
)
def test_people_read_who_is_told(told: list[str] | None, notify: str, expected: str | None) -> None:
    line = told_line(told, {"NOTIFY": notify})
    assert line == expected if expected is None else expected in (line or "")
