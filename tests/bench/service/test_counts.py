"""The counters' growth is held against what the clients saw."""

import http.client
from collections import Counter

import pytest

from bench.service.counts import Scrape, scrape, uncounted
from burnrate.cli import CommandError


def counters(ok: int, refused: int = 0) -> Scrape:
    """Return a scrape in which clients got so many answers of two routes."""
    rows = [
        ("GET", "/posts", 200, ok),
        ("GET", "/users", 200, 5),
        ("GET", "/posts", 503, refused),
        ("GET", "/metrics", 200, 1000),
        ("GET", "/health/ready", 503, 1000),
    ]
    return Scrape(
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
    assert counters(10, 2).answers() == Counter({200: 15, 503: 2})


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


def test_a_total_is_of_the_samples_that_have_the_labels() -> None:
    """All of them where none are named."""
    found = counters(0)
    assert found.total("worker_exits_total", reason="recycled") == 3
    assert found.total("worker_exits_total") == 4
    assert found.total("worker_exits_total", reason="timeout") == 0


def test_an_api_that_does_not_answer_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """No scrape, no verdict."""

    def refuse(_connection: http.client.HTTPConnection) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(http.client.HTTPConnection, "connect", refuse)
    with pytest.raises(CommandError, match=r"metrics cannot be read: .*refused"):
        scrape(1)
