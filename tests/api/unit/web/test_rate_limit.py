"""Rate limits: who is counted as one, what the headers say, what happens without the counters."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.web.rate_limit import (
    CounterUnavailable,
    Policy,
    RateLimiter,
    RateLimitMiddleware,
    client_key,
)


class CountingMeter:
    """Remembers decisions."""

    def __init__(self) -> None:
        self.decisions: list[str] = []

    def allowed(self) -> None:
        """Take note."""
        self.decisions.append("allowed")

    def limited(self) -> None:
        """Take note."""
        self.decisions.append("limited")

    def unavailable(self) -> None:
        """Take note."""
        self.decisions.append("unavailable")


@dataclass
class Clock:
    """A clock that stands still."""

    seconds: float = 1_000_000_020.0  # a minute's start

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


class MemoryCounter:
    """Counts in memory, and for ever."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    async def __call__(self, key: str, lifetime_seconds: int) -> int:
        """Add one."""
        assert lifetime_seconds == 60
        self.counts[key] = self.counts.get(key, 0) + 1
        return self.counts[key]


async def refuse(_key: str, _lifetime_seconds: int) -> int:
    """Stand for a Redis that is down."""
    raise CounterUnavailable


class Limited:
    """A small application behind a limit of 2 a minute, and of 1 for POST /process."""

    def __init__(self, count: Callable[[str, int], Awaitable[int]] | None = None) -> None:
        self.clock = Clock()
        self.per_client, self.process = CountingMeter(), CountingMeter()
        policies = (
            Policy("per_client", 2, self.per_client),
            Policy("process", 1, self.process, route=("POST", "/process")),
        )
        app = FastAPI()
        for path in ("/a", "/b", "/process", "/health/live", "/metrics"):
            app.add_api_route(path, _answer, methods=["GET", "POST"])
        app.add_middleware(
            RateLimitMiddleware,
            limiter=RateLimiter(count or MemoryCounter(), policies, now=self.clock),
        )
        self.client = TestClient(app)


async def _answer() -> str:
    return "ok"


def test_over_the_limit_is_429_with_retry_after() -> None:
    """In the service's one shape."""
    limited = Limited()
    statuses = [limited.client.get(path).status_code for path in ("/a", "/b", "/a")]
    assert statuses == [200, 200, 429]
    limited.clock.seconds += 20.5
    response = limited.client.get("/a")
    assert response.headers["Retry-After"] == "39"
    assert response.json()["error"] == "Too many requests"
    assert limited.per_client.decisions == ["allowed", "allowed", "limited", "limited"]


@pytest.mark.parametrize(("elapsed", "retry_after"), [(0.0, "60"), (58.9, "1"), (59.6, "1")])
def test_retry_after_is_never_at_once(elapsed: float, retry_after: str) -> None:
    """In the window's last second too: 0 would invite the client back into the same window."""
    limited = Limited()
    limited.clock.seconds += elapsed
    answers = [limited.client.get("/a") for _ in range(3)]
    assert answers[2].status_code == 429
    assert answers[2].headers["Retry-After"] == retry_after
    assert answers[0].headers["RateLimit"] == f'"per_client";r=1;t={retry_after}'


def test_next_window_begins_anew() -> None:
    """A minute later everything is allowed again."""
    limited = Limited()
    for _ in range(3):
        limited.client.get("/a")
    limited.clock.seconds += 60
    assert limited.client.get("/a").status_code == 200


def test_headers_say_what_is_left() -> None:
    """The fields of the IETF draft, on answers and refusals."""
    limited = Limited()
    answers = [limited.client.get("/a") for _ in range(3)]
    assert [a.headers["RateLimit"] for a in answers] == [
        '"per_client";r=1;t=60',
        '"per_client";r=0;t=60',
        '"per_client";r=0;t=60',
    ]
    assert answers[0].headers["RateLimit-Policy"] == '"per_client";q=2;w=60'


def test_route_with_a_policy_of_its_own_does_not_use_up_the_other() -> None:
    """Each has its counter."""
    limited = Limited()
    statuses = [limited.client.post("/process").status_code for _ in range(2)]
    assert statuses == [200, 429]
    assert limited.client.get("/a").status_code == 200
    assert limited.process.decisions == ["allowed", "limited"]


def test_probes_are_not_limited() -> None:
    """A limit must not make the service look dead."""
    limited = Limited()
    for _ in range(5):
        assert limited.client.get("/health/live").status_code == 200
        assert limited.client.get("/metrics").status_code == 200
    assert limited.per_client.decisions == []


def test_without_the_counters_requests_pass_and_are_counted_so() -> None:
    """Redis down must not take the service with it."""
    limited = Limited(refuse)
    responses = [limited.client.get("/a") for _ in range(5)]
    assert {response.status_code for response in responses} == {200}
    assert "RateLimit" not in responses[0].headers
    assert limited.per_client.decisions == ["unavailable"] * 5


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("x" * 64, "x" * 65, True),
    ],
)
def test_client_is_an_address_or_a_household(first: str, second: str, is_same: bool) -> None:
    """One IPv6 connection has 2**64 addresses to choose from."""
    keys = [client_key({"client": (host, 1)}) for host in (first, second)]
    assert (keys[0] == keys[1]) is is_same


def test_client_without_an_address_has_a_key() -> None:
    """Over a socket of the file system there is none."""
    assert client_key({"client": None}) == "unknown"
