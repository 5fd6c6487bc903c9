"""The breaker in front of Redis: one failure is enough, and one call at a time tries again."""

import asyncio
import time
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from api.backends import redis as module
from api.backends.redis import RedisBackend, RedisUnavailable
from api.settings import RedisSettings
from burnrate.telemetry import Telemetry


class Server:
    """What a command meets; counts how often."""

    def __init__(self) -> None:
        self.calls = 0
        self.answer: Callable[[], bytes] = lambda: b"PONG"

    async def __call__(self) -> bytes:
        """Answer, or fail."""
        self.calls += 1
        await asyncio.sleep(0)
        return self.answer()


def _fail() -> bytes:
    raise RedisConnectionError


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a clock to set."""
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


def _backend() -> RedisBackend:
    telemetry = Telemetry(CollectorRegistry(), "api", "test")
    return RedisBackend(
        RedisSettings(timeout_seconds=0.05, retry_interval_seconds=1),
        pool_max=1,
        make_meter=lambda most, idle: telemetry.pool("redis", max_connections=most, idle=idle),
    )


def test_after_a_failure_calls_are_skipped_until_one_tries_again(now: list[float]) -> None:
    """Ten callers, one attempt; when that succeeds everyone is served."""

    async def scenario() -> None:
        backend, server = _backend(), Server()
        server.answer = _fail
        with pytest.raises(RedisUnavailable):
            await backend.call(server)
        with pytest.raises(RedisUnavailable):
            await backend.call(server)
        assert server.calls == 1
        now[0] += 1.5
        server.answer = lambda: b"PONG"
        results = await asyncio.gather(
            *(backend.call(server) for _ in range(10)), return_exceptions=True
        )
        assert results.count(b"PONG") == 1
        assert server.calls == 2
        assert await backend.call(server) == b"PONG"

    asyncio.run(scenario())


@pytest.mark.usefixtures("now")
def test_silence_costs_the_time_out_and_no_more() -> None:
    """redis-py by itself would take a minute."""

    async def hang() -> bytes:
        await asyncio.Event().wait()
        return b""

    async def scenario() -> None:
        with pytest.raises(RedisUnavailable):
            await _backend().call(hang)

    asyncio.run(scenario())


@pytest.mark.usefixtures("now")
def test_a_busy_event_loop_is_no_redis_that_is_down() -> None:
    """Under load the breaker opened: no cache just then, no limit, and announcements lost."""

    async def answer_in_some_turns() -> bytes:
        for _ in range(10):  # more than a time-out takes from its timer to the block
            await asyncio.sleep(0)
        return b"PONG"

    async def scenario() -> None:
        backend = _backend()
        asyncio.get_running_loop().call_soon(time.sleep, 0.2)
        assert await backend.call(answer_in_some_turns) == b"PONG"
        assert await backend.call(answer_in_some_turns) == b"PONG"

    asyncio.run(scenario())


@pytest.mark.usefixtures("now")
def test_error_answer_is_an_answer() -> None:
    """Redis is there; what it was asked is wrong."""

    def refuse() -> bytes:
        raise ResponseError

    async def scenario() -> None:
        backend, server = _backend(), Server()
        server.answer = refuse
        with pytest.raises(ResponseError):
            await backend.call(server)
        server.answer = lambda: b"PONG"
        assert await backend.call(server) == b"PONG"

    asyncio.run(scenario())
