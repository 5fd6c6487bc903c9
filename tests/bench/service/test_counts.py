"""The counters' growth is held against what the clients saw."""

import socket
from collections import Counter

import pytest

from bench.service.counts import answers, scrape, uncounted
from burnrate.cli import CommandError
from burnrate.samples import Samples


def counters(ok: int, refused: int = 0) -> Samples:
    """Return metrics by which clients got so many answers of two routes."""
    rows = [
        ("GET", "/posts", 200, ok),
        ("GET", "/users", 200, 5),
        ("GET", "/posts", 503, refused),
        ("GET", "/metrics", 200, 1000),
        ("GET", "/health/ready", 503, 1000),
    ]
    return Samples.read(
        "# TYPE http_requests_total counter\n"
        + "".join(
            f'http_requests_total{{method="{m}",endpoint="{e}",status="{s}"}} {n}.0\n'
            for m, e, s, n in rows
        )
        + "# TYPE worker_exits_total counter\n"
        + 'worker_exits_total{reason="recycled"} 3.0\nworker_exits_total{reason="killed"} 1.0\n'
    )


def test_answers_are_those_that_clients_got() -> None:
    """Of all routes; scrapes and health checks are not a client's."""
    assert answers(counters(10, 2)) == Counter({200: 15, 503: 2})


@pytest.mark.parametrize(
    ("seen", "differ"),
    [
        ({200: 90, 503: 2}, 0),
        ({200: 90, 503: 2, 404: 0}, 0),
        ({200: 91, 503: 1}, 2),  # in all as many, and yet two are wrong
        ({200: 80, 503: 2}, 10),
        ({200: 90, 503: 2, 502: 7}, 7),  # nginx' own: the service knows nothing of them
        ({200: 90}, 2),
    ],
)
def test_every_answer_must_be_counted_under_its_status(seen: dict[int, int], differ: int) -> None:
    """The difference is taken for each status, so that no error hides another."""
    assert uncounted(seen, counters(10), counters(100, 2)) == differ


def test_an_api_that_does_not_answer_is_told_in_one_line() -> None:
    """No scrape, no verdict."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(CommandError, match=r"metrics cannot be read: the api does not answer"):
        scrape(port)
