"""The cache with a real Redis, as two processes see it: who loads, who waits, what is kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from api.backends.cache import ResponseCache, Scope
from api.backends.redis import RedisBackend
from api.errors import NotFound
from api.settings import RedisSettings
from burnrate.telemetry import Telemetry
from tests.servers.redis import RedisServer
from tests.support.waiting import PATIENCE_SECONDS, wait_until_async

SCOPE = Scope("x", "scope")


class Loader:
    """Counts loads, each of which takes until it is told to end, and fails if told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls = 0
        self.error = error
        self.may_end = asyncio.Event()

    async def __call__(self) -> bytes:
        """Load."""
        self.calls += 1
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        return b"value"


@pytest.fixture
def empty(redis: RedisServer) -> Redis:
    """Return a client of the server with nothing in it."""
    client = Redis(host=redis.host, port=redis.port)
    client.flushall()
    return client


@asynccontextmanager
async def _caches(redis: RedisServer) -> AsyncIterator[tuple[ResponseCache, ResponseCache]]:
    """Have two, which share nothing but the server."""
    caches = []
    backends = []
    patient = RedisSettings(
        host=redis.host, port=redis.port, timeout_seconds=PATIENCE_SECONDS, pool_timeout_seconds=60
    )
    for _ in range(2):
        telemetry = Telemetry(CollectorRegistry(), "api", "test")

        def make_meter(most: int, idle: object, telemetry: Telemetry = telemetry) -> object:
            return telemetry.pool("redis", max_connections=most, idle=idle)  # type: ignore[arg-type]

        backend = RedisBackend(patient, pool_max=4, make_meter=make_meter)  # type: ignore[arg-type]
        backends.append(backend)
        caches.append(ResponseCache(backend, {SCOPE.cache: telemetry.cache("x")}, ttl_seconds=60))
    try:
        yield caches[0], caches[1]
    finally:
        for backend in backends:
            await backend.client.aclose()
            await backend.pool.disconnect()


def test_failed_load_gives_its_lock_back(redis: RedisServer, empty: Redis) -> None:
    """Who waited for it loads at once, and nobody after it waits at all."""

    async def scenario() -> None:
        async with _caches(redis) as (one, other):
            failing, loader = Loader(LookupError("no")), Loader()
            first = asyncio.create_task(one.get(SCOPE, "entry", failing))
            await wait_until_async(lambda: failing.calls == 1, "the first load")
            failing.may_end.set()
            with pytest.raises(LookupError):
                await first
            assert not list(empty.scan_iter("*:lock"))
            loader.may_end.set()
            assert await other.get(SCOPE, "entry", loader) == b"value"
            assert list(empty.scan_iter("*:lock"))  # it had the lock: it did not wait in vain

    asyncio.run(scenario())


def test_failed_load_leaves_a_lock_that_is_somebody_else_s(
    redis: RedisServer, empty: Redis
) -> None:
    """Its own may have run out meanwhile."""

    async def scenario() -> None:
        async with _caches(redis) as (one, _):
            failing = Loader(LookupError("no"))
            first = asyncio.create_task(one.get(SCOPE, "entry", failing))
            await wait_until_async(lambda: failing.calls == 1, "the load")
            [lock] = empty.scan_iter("*:lock")
            empty.set(lock, "another's")
            failing.may_end.set()
            with pytest.raises(LookupError):
                await first
            assert empty.get(lock) == b"another's"

    asyncio.run(scenario())


def test_what_does_not_exist_is_remembered_by_all_until_it_changes(
    redis: RedisServer, empty: Redis
) -> None:
    """With its message; for a moment only, should the change not reach Redis."""

    async def scenario() -> None:
        async with _caches(redis) as (one, other):
            missing = Loader(NotFound("No such post"))
            missing.may_end.set()
            for cache in (one, other, one):
                with pytest.raises(NotFound, match="No such post"):
                    await cache.get(SCOPE, "entry", missing)
            assert missing.calls == 1
            [entry] = [key for key in empty.scan_iter("*") if not key.endswith(b":lock")]
            assert 0 < empty.ttl(entry) <= 5
            await other.invalidate(SCOPE)
            loader = Loader()
            loader.may_end.set()
            assert await one.get(SCOPE, "entry", loader) == b"value"

    asyncio.run(scenario())


def test_absence_that_was_looked_up_before_the_creation_is_not_seen_after_it(
    redis: RedisServer, empty: Redis
) -> None:
    """However late it is stored."""
    del empty

    async def scenario() -> None:
        async with _caches(redis) as (one, other):
            missing, loader = Loader(NotFound("No such post")), Loader()
            early = asyncio.create_task(one.get(SCOPE, "entry", missing))
            await wait_until_async(lambda: missing.calls == 1, "the look-up")
            await other.invalidate(SCOPE)
            missing.may_end.set()
            with pytest.raises(NotFound):
                await early
            loader.may_end.set()
            assert await other.get(SCOPE, "entry", loader) == b"value"
            assert await one.get(SCOPE, "entry", loader) == b"value"

    asyncio.run(scenario())
