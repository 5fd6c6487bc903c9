"""What is offered to a browser is what answers one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from burnrate.stack import free_port
from burnrate.stack.entrances import find_pages
from burnrate.stack.status import PartStatus, Verdict

_HTML = "text/html; charset=utf-8"
_PAGE = (200, _HTML, "<html><SCRIPT src=app.js></SCRIPT></html>")


class _Handler(BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, tuple[int, str, str]]]

    def do_GET(self) -> None:
        status, content_type, body = self.answers.get(self.path, (404, "text/plain", "not found"))
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if status // 100 == 3:
            self.send_header("Location", body)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@contextmanager
def _serving(**answers: tuple[int, str, str]) -> Iterator[str]:
    """Answer by path, `_` for a slash; yield the address."""
    paths = {name.replace("_", "/"): answer for name, answer in answers.items()}
    handler = type("Handler", (_Handler,), {"answers": paths})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _row(part: str, address: str, health: Verdict = "healthy") -> PartStatus:
    return PartStatus(part, "running", address, health)


@pytest.mark.parametrize(
    ("part", "answers", "path"),
    [
        ("grafana", {"_": (302, _HTML, "/login"), "_login": _PAGE}, ""),
        ("prometheus", {"_": (302, _HTML, "/query"), "_query": _PAGE}, ""),
        ("prometheus", {"_": (404, _HTML, ""), "_classic_graph": _PAGE}, "/classic/graph"),
        ("nginx", {"_docs": _PAGE}, "/docs"),
        ("nginx", {"_": _PAGE}, ""),
    ],
)
def test_a_page_is_found_where_it_is(
    part: str, answers: dict[str, tuple[int, str, str]], path: str
) -> None:
    """Versions and packages put it in different places: they are asked, not known."""
    with _serving(**answers) as address:
        (page,) = find_pages([_row(part, address)], {})
    assert page.url == f"http://{address}{path}"
    assert page.line().startswith(f"{page.url}  ")


@pytest.mark.parametrize(
    "answer",
    [
        (404, "text/plain", "404 page not found"),
        (200, "application/json", '"<script>"'),
        (200, _HTML, "<p>The package does not include a web application.</p>"),
        (500, _HTML, "<script></script>"),
        (302, _HTML, "/"),
    ],
)
def test_what_gives_a_browser_nothing_is_not_offered(answer: tuple[int, str, str]) -> None:
    """The line says what helps instead."""
    with _serving(_=answer) as address:
        (page,) = find_pages([_row("alertmanager", address)], {})
    assert page.url is None
    assert page.line().startswith("alertmanager has no page here; the inbox silences, and amtool ")
    assert f" at http://{address} " in page.line()


def test_no_login_is_shown() -> None:
    """A part is asked with that of the commands, and people have their own."""
    with _serving(_=_PAGE) as address:
        row = replace(_row("prometheus", address), login="burnrate:secret")
        (page,) = find_pages([row], {})
    assert page.url == f"http://{address}"


def test_people_get_the_address_that_the_settings_name() -> None:
    """The part itself is asked: from here a proxy may not be reachable."""
    with _serving(_=_PAGE) as address:
        settings = {"GRAFANA_URL": "https://graphs.example.org/grafana/"}
        (page,) = find_pages([_row("grafana", address)], settings)
    assert page.url == "https://graphs.example.org/grafana"
    assert page.as_json()["url"] == page.url


def test_what_cannot_be_asked_from_here_is_left_out() -> None:
    """A healthy part of an engine elsewhere: nothing is known of its page."""
    assert find_pages([_row("prometheus", f"127.0.0.1:{free_port()}")], {}) == []


def test_only_parts_that_run_are_asked() -> None:
    """What is missing or ill is in the table already."""
    rows = [_row("grafana", "127.0.0.1:1", "unhealthy"), _row("redis", "127.0.0.1:2")]
    assert find_pages(rows, {}) == []
