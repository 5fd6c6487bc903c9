"""The load counts only successes, whichever client makes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from bench.telemetry import request_rate
from burnrate.cli import CommandError

WRK = """Running 1s test @ http://127.0.0.1:1/items/42
  1 threads and 4 connections
  9678 requests in 1.00s, 1.43MB read
Requests/sec:   9678.25
Transfer/sec:      1.43MB
"""


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[str]]]:
    """Run a server that answers everything alike; give its address and what was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/items/42", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def no_wrk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without wrk."""
    monkeypatch.setattr(request_rate, "has_wrk", lambda: False)


def test_the_rate_of_wrk_is_read() -> None:
    """The one line that matters."""
    assert request_rate.parse_wrk(WRK) == 9678.25


@pytest.mark.parametrize(
    "output", ["", "unable to connect to 127.0.0.1", WRK + "Non-2xx or 3xx responses: 3\n"]
)
def test_a_load_of_failures_is_no_throughput(output: str) -> None:
    """A server that answers 500 is fast, and no result."""
    with pytest.raises(CommandError, match="the load failed"):
        request_rate.parse_wrk(output)


@pytest.mark.usefixtures("no_wrk")
def test_without_wrk_a_client_of_our_own_counts_answers() -> None:
    """The bench runs on a machine that has no wrk, over connections that are kept."""
    with answering(200) as (url, asked):
        rate = request_rate.requests_per_second(url, connections=2, seconds=1)
    assert set(asked) == {"/items/42"}
    assert 0 < rate <= len(asked)


@pytest.mark.usefixtures("no_wrk")
def test_without_wrk_a_failure_is_no_throughput_either() -> None:
    """The first answer that is no success ends the run."""
    with answering(503) as (url, _), pytest.raises(CommandError, match="the load failed"):
        request_rate.requests_per_second(url, connections=1, seconds=1)
