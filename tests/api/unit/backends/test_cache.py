"""The response cache when its store fails, and its single flight; the rest needs a real Redis."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import pytest
from redis.asyncio import Redis

import api.backends.cache as cache_module
from api.backends.cache import ResponseCache, Scope
from api.backends.redis import RedisBackend, RedisUnavailable
from tests.support.waiting import wait_until_async

SCOPE = Scope("test", "scope")


class DeadRedis(RedisBackend):
    """A Redis that never answers."""

    def __init__(self) -> None:
        self.client = Redis()

    async def call(self, command: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - as its base
        """Refuse, a moment later."""
        del command
        await asyncio.sleep(0)
        raise RedisUnavailable


class SlowRedis(RedisBackend):
    """A Redis that answers too late until it is told; remembers the keys that it was given."""

    def __init__(self) -> None:
        self.client = Redis()
        self.answers = False
        self.keys: list[str] = []

    async def call(self, command: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - as its base
        """Execute nothing."""
        await asyncio.sleep(0)
        if not self.answers:
            raise RedisUnavailable
        self.keys += [words[1] for words, _ in command.__self__.command_stack]  # type: ignore[attr-defined]


class CountingMeter:
    """Remembers results."""

    def __init__(self) -> None:
        self.results: list[str] = []

    def hit(self) -> None:
        """Take note."""
        self.results.append("hit")

    def miss(self) -> None:
        """Take note."""
        self.results.append("miss")

    def error(self) -> None:
        """Take note."""
        self.results.append("error")


class Loader:
    """Counts loads, each of which takes until it is told to end."""

    def __init__(self) -> None:
        self.calls = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> bytes:
        """Load."""
        self.calls += 1
        await self.may_end.wait()
        return b"value"


def _cache(meter: CountingMeter) -> ResponseCache:
    return ResponseCache(DeadRedis(), {SCOPE.cache: meter}, ttl_seconds=60)


def test_without_redis_the_value_is_loaded() -> None:
    """The cache fails open and counts that it did."""

    async def scenario() -> None:
        meter, loader = CountingMeter(), Loader()
        loader.may_end.set()
        assert await _cache(meter).get(SCOPE, "entry", loader) == b"value"
        assert meter.results == ["error"]

    asyncio.run(scenario())


def test_callers_at_the_same_time_share_one_load_even_without_redis() -> None:
    """A database must not be overrun because the cache is down."""

    async def scenario() -> None:
        meter, loader = CountingMeter(), Loader()
        cache = _cache(meter)
        callers = [asyncio.create_task(cache.get(SCOPE, "entry", loader)) for _ in range(100)]
        await wait_until_async(lambda: loader.calls == 1, "the load")
        loader.may_end.set()
        assert await asyncio.gather(*callers) == [b"value"] * 100
        assert loader.calls == 1
        assert meter.results == ["error"] * 100

    asyncio.run(scenario())


def test_load_goes_on_when_the_caller_who_began_it_leaves() -> None:
    """The others still wait for it."""

    async def scenario() -> None:
        loader = Loader()
        cache = _cache(CountingMeter())
        first = asyncio.create_task(cache.get(SCOPE, "entry", loader))
        second = asyncio.create_task(cache.get(SCOPE, "entry", loader))
        await wait_until_async(lambda: loader.calls == 1, "the load")
        first.cancel()
        await asyncio.sleep(0)
        loader.may_end.set()
        assert await second == b"value"
        assert loader.calls == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("is_all", [False, True])
def test_whoever_asks_after_a_change_does_not_get_a_load_from_before(is_all: bool) -> None:
    """Even while that load is still on its way."""

    async def scenario() -> None:
        loader = Loader()
        cache = _cache(CountingMeter())
        early = asyncio.create_task(cache.get(SCOPE, "entry", loader))
        await wait_until_async(lambda: loader.calls == 1, "the load")
        await (cache.invalidate_all() if is_all else cache.invalidate(SCOPE))
        late = asyncio.create_task(cache.get(SCOPE, "entry", loader))
        await wait_until_async(lambda: loader.calls == 2, "a second load")
        loader.may_end.set()
        await asyncio.gather(early, late)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ([SCOPE, SCOPE], {"cache:test:scope:version"}),
        ([Scope("test", str(number)) for number in range(2_000)], {"cache:*:*:version"}),
    ],
    ids=["some", "many"],
)
def test_what_redis_has_missed_is_invalidated_once_it_answers(
    changes: list[Scope], keys: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has kept its entries: a machine that is too busy makes a healthy one look dead."""
    monkeypatch.setattr(cache_module, "_CATCH_UP_SECONDS", 0)

    async def scenario() -> None:
        redis = SlowRedis()
        cache = ResponseCache(redis, {}, ttl_seconds=3_600)
        for scope in changes:
            await cache.invalidate(scope)
        await asyncio.sleep(0)
        assert not redis.keys
        redis.answers = True
        await wait_until_async(lambda: cache._catching_up is None)
        assert keys <= set(redis.keys)
        assert len(redis.keys) == len(set(redis.keys))

    asyncio.run(scenario())


def test_what_has_expired_is_not_invalidated_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that stays away is left alone."""
    monkeypatch.setattr(cache_module, "_CATCH_UP_SECONDS", 0)
    clock = count(0, 30)
    monkeypatch.setattr(cache_module, "monotonic", lambda: next(clock))

    async def scenario() -> None:
        cache = ResponseCache(DeadRedis(), {}, ttl_seconds=60)
        await cache.invalidate(SCOPE)
        await wait_until_async(lambda: cache._catching_up is None)
        assert not cache._missed

    asyncio.run(scenario())


def test_failed_load_fails_for_all_and_is_not_kept() -> None:
    """The next caller tries again."""

    async def fail() -> bytes:
        await asyncio.sleep(0)
        raise LookupError

    async def scenario() -> None:
        loader = Loader()
        loader.may_end.set()
        cache = _cache(CountingMeter())
        callers = [cache.get(SCOPE, "entry", fail) for _ in range(3)]
        results = await asyncio.gather(*callers, return_exceptions=True)
        assert [type(result) for result in results] == [LookupError] * 3
        assert await cache.get(SCOPE, "entry", loader) == b"value"

    asyncio.run(scenario())


def test_without_a_life_nothing_is_kept_or_shared() -> None:
    """And a change needs no Redis."""

    async def scenario() -> None:
        meter, loader = CountingMeter(), Loader()
        loader.may_end.set()
        cache = ResponseCache(DeadRedis(), {SCOPE.cache: meter}, ttl_seconds=0)
        callers = [cache.get(SCOPE, "entry", loader) for _ in range(3)]
        assert await asyncio.gather(*callers) == [b"value"] * 3
        await cache.invalidate(SCOPE)
        assert loader.calls == 3
        assert meter.results == ["miss"] * 3

    asyncio.run(scenario())
