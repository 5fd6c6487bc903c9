"""wrk sends the mix, waits for every answer, and its figures are read as they are."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Lock, Thread

import pytest

from bench.service.comparison import ROUTES
from bench.service.generator import (
    MIX,
    SCRIPT,
    Target,
    parse,
    run_wrk,
    write_content,
)
from burnrate.cli import CommandError
from burnrate.load import REALISTIC

OUTPUT = """Running 12s test @ http://127.0.0.1:1
  1 threads and 4 connections
Requests/sec:   9678.25
figures {"sent":12,"answered":11,"served":9,"served_in_time":8,"statuses":{"200":9,"503":2},\
"socket_errors":1,"p50_seconds":0.001000,"p99_seconds":0.002000,"longest_seconds":0.003000}
"""


def test_what_is_not_served_has_failed() -> None:
    """Refused or never answered: for a client it is the same."""
    figures = parse(OUTPUT)
    assert figures.statuses == {200: 9, 503: 2}
    assert (figures.sent, figures.served, figures.failed) == (12, 9, 3)


@pytest.mark.parametrize("output", ["", "unable to connect", "figures {}", "figures nonsense"])
def test_without_figures_the_load_has_failed_and_its_output_says_why(output: str) -> None:
    """What wrk wrote goes into the message."""
    with pytest.raises(CommandError, match="wrk failed") as raised:
        parse(output, "mix.lua: no such option")
    assert raised.value.log_tail[-1] == "mix.lua: no such option"


def test_the_script_makes_every_request_of_the_mix() -> None:
    """The shares are those of `burnrate load`; who adds a request there adds it here."""
    made = set(re.findall(r"^function make\.(\w+)", SCRIPT.read_text(), re.MULTILINE))
    wanted = {*MIX, *(route.maker for route in ROUTES.values())}
    assert {maker.__name__ for maker in REALISTIC} < wanted
    assert made == wanted


@dataclass
class Service:
    """What a server of users and posts was asked."""

    url: str
    asked: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    living: set[str] = field(default_factory=set)


@contextmanager
def answering(*, slow_seconds: float = 0.0, refuses: str = "") -> Iterator[Service]:
    """Run a server that knows the users and posts 1 to 5 and what it is given."""
    numbers, lock = count(6), Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(200)

        def do_PATCH(self) -> None:
            self.answer(200)

        def do_POST(self) -> None:
            if self.path == "/process":
                self.answer(200)
                return
            with lock:
                path = f"{self.path}/{next(numbers)}"
                service.living.add(path)
            self.answer(201, path)

        def do_DELETE(self) -> None:
            with lock:
                is_known = self.path in service.living
                service.living.discard(self.path)
            self.answer(204 if is_known else 404)

        def answer(self, status: int, location: str = "") -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            time.sleep(slow_seconds)
            if refuses and self.path.startswith(refuses):
                status = 503
            with lock:
                service.asked[f"{self.command} {self.path}"] += 1
                service.answers[status] += 1
            self.send_response(status)
            if location:
                self.send_header("location", location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service = Service(f"http://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """The texts of requests."""
    path = tmp_path / "content.lua"
    write_content(path)
    return path


@pytest.mark.integration
def test_what_wrk_counts_is_what_the_service_was_asked(content: Path) -> None:
    """Reads are of what is there from the start, and only what was created is deleted, once."""
    with answering() as service:
        figures = run_wrk(Target(service.url, 5, 5), content, connections=4, seconds=1.0)
        assert figures.failed == 0
        assert figures.statuses == service.answers
        assert figures.sent == figures.answered == sum(service.asked.values())
        assert 0 < figures.served_in_time <= figures.served
        reads = {key for key in service.asked if key.startswith(("GET", "PATCH"))}
    known = {"GET /posts", "GET /users"}
    for kind in ("posts", "users"):
        known |= {f"{method} /{kind}/{n}" for method in ("GET", "PATCH") for n in range(1, 6)}
    assert {key for key in reads if "/search?q=" not in key} <= known
    assert {"POST /posts", "GET /posts"} <= service.asked.keys()


@pytest.mark.integration
@pytest.mark.timeout(55)  # wrk itself ends after 61 s: here the script ends it
def test_answers_on_their_way_at_the_end_are_waited_for(content: Path) -> None:
    """A run that hung up on them could not be held against the service's counters."""
    with answering(slow_seconds=0.4) as service:
        figures = run_wrk(Target(service.url, 5, 5), content, connections=4, seconds=0.6)
        assert figures.statuses == service.answers
    assert figures.failed == 0
    assert figures.served - figures.served_in_time == 4
    assert figures.p50_seconds >= 0.4


@pytest.mark.integration
def test_refusals_are_failures_and_no_throughput(content: Path) -> None:
    """A service that answers 503 is fast, and no result."""
    with answering(refuses="/users") as service:
        figures = run_wrk(Target(service.url, 5, 5), content, connections=2, seconds=0.5)
        assert figures.failed == service.answers[503] > 0
        assert figures.served == figures.answered - service.answers[503]


@pytest.mark.integration
def test_pauses_make_the_rate(content: Path) -> None:
    """20 connections that pause for 0.1 s ask 200 times a second at most, and not thousands."""
    with answering() as service:
        target = Target(service.url, 5, 5)
        figures = run_wrk(target, content, connections=20, seconds=2.0, think_seconds=0.1)
    assert 0 < figures.sent <= 600
