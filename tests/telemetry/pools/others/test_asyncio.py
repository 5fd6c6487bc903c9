"""Pools of asyncio: every wait, hold, time-out and cancellation, with one line each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import asyncpg
import httpx
import httpx2
import psycopg_pool
import pytest
import redis
import sqlalchemy
from prometheus_client import CollectorRegistry
from redis.asyncio import BlockingConnectionPool, Redis
from sqlalchemy.ext.asyncio import create_async_engine

from burnrate.telemetry import Telemetry
from tests.support.waiting import wait_until_async
from tests.telemetry.pools.numbers import Numbers
from tests.telemetry.pools.others.conftest import Servers

pytestmark = pytest.mark.integration
# Lambdas look a pool's method up when they are called, as applications do, after it is measured.
# ruff: noqa: PLW0108

LONG = 60.0


@dataclass(frozen=True)
class Pool:
    """One with two connections, how one is taken, and given back."""

    measured: Any
    take: Callable[[], Awaitable[Any]]
    give: Callable[[Any], Awaitable[object]]


Open = Callable[[Servers, float], AbstractAsyncContextManager[Pool]]


@asynccontextmanager
async def engine_of(driver: str, servers: Servers, seconds: float) -> AsyncIterator[Pool]:
    engine = create_async_engine(
        f"postgresql+{driver}://{servers.dsn}", pool_size=2, max_overflow=0, pool_timeout=seconds
    )

    async def take() -> Any:  # noqa: ANN401 - a connection of SQLAlchemy's
        return await engine.connect()

    yield Pool(engine, take, lambda connection: connection.close())
    await engine.dispose()


def over_asyncpg(servers: Servers, seconds: float) -> AbstractAsyncContextManager[Pool]:
    return engine_of("asyncpg", servers, seconds)


def over_psycopg(servers: Servers, seconds: float) -> AbstractAsyncContextManager[Pool]:
    return engine_of("psycopg", servers, seconds)


@asynccontextmanager
async def psycopg(servers: Servers, seconds: float) -> AsyncIterator[Pool]:
    dsn = f"postgresql://{servers.dsn}"
    async with psycopg_pool.AsyncConnectionPool(dsn, min_size=2, timeout=seconds) as pool:
        await pool.wait(LONG)
        yield Pool(pool, lambda: pool.getconn(), lambda connection: pool.putconn(connection))


@asynccontextmanager
async def native(servers: Servers, seconds: float) -> AsyncIterator[Pool]:
    async with asyncpg.create_pool(f"postgresql://{servers.dsn}", min_size=1, max_size=2) as pool:

        async def take() -> Any:  # noqa: ANN401 - a connection of asyncpg's
            return await pool.acquire(timeout=seconds)

        yield Pool(pool, take, lambda connection: pool.release(connection))


@asynccontextmanager
async def redis_client(servers: Servers, seconds: float) -> AsyncIterator[Pool]:
    pool: Any = BlockingConnectionPool(
        host=servers.redis.host, port=servers.redis.port, max_connections=2, timeout=seconds
    )
    yield Pool(
        Redis(connection_pool=pool),
        lambda: pool.get_connection(),
        lambda connection: pool.release(connection),
    )
    await pool.disconnect()


@asynccontextmanager
async def http_client(library: ModuleType, servers: Servers, seconds: float) -> AsyncIterator[Pool]:
    limits = library.Limits(max_connections=2)
    timeout = library.Timeout(LONG, pool=seconds)
    async with library.AsyncClient(limits=limits, timeout=timeout) as client:
        request = client.build_request("GET", servers.http)
        yield Pool(client, lambda: client.send(request, stream=True), lambda answer: answer.aread())


def httpx_client(servers: Servers, seconds: float) -> AbstractAsyncContextManager[Pool]:
    return http_client(httpx, servers, seconds)


def httpx2_client(servers: Servers, seconds: float) -> AbstractAsyncContextManager[Pool]:
    return http_client(httpx2, servers, seconds)


POOLS = [
    pytest.param(over_asyncpg, "postgres", sqlalchemy.exc.TimeoutError, id="sqlalchemy-asyncpg"),
    pytest.param(over_psycopg, "postgres", sqlalchemy.exc.TimeoutError, id="sqlalchemy-psycopg"),
    pytest.param(psycopg, "postgres", psycopg_pool.PoolTimeout, id="psycopg"),
    pytest.param(native, "postgres", TimeoutError, id="asyncpg"),
    pytest.param(redis_client, "redis", redis.exceptions.ConnectionError, id="redis"),
    pytest.param(httpx_client, "http", httpx.PoolTimeout, id="httpx"),
    pytest.param(httpx2_client, "http", httpx2.PoolTimeout, id="httpx2"),
]


@pytest.mark.parametrize(("open_pool", "name", "_error"), POOLS)
def test_waits_holds_and_cancellations_of_a_saturated_pool_are_counted(
    open_pool: Open,
    name: str,
    _error: type[Exception],
    servers: Servers,
    telemetry: Telemetry,
    registry: CollectorRegistry,
) -> None:
    """Two hold, one waits and is cancelled, one waits until a connection comes back."""

    async def take_and_give(pool: Pool) -> None:
        await pool.give(await pool.take())

    async def scenario() -> Numbers:
        async with open_pool(servers, LONG) as pool:
            assert telemetry.measure(pool.measured) is pool.measured
            numbers = Numbers(registry, name)
            first, second = await pool.take(), await pool.take()
            assert numbers.used == 2
            assert numbers.value("pool_max_connections") == 2
            leaves = asyncio.create_task(take_and_give(pool))
            await wait_until_async(lambda: numbers.pending == 1)
            leaves.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaves
            waits = asyncio.create_task(take_and_give(pool))
            await wait_until_async(lambda: numbers.pending == 1)
            await pool.give(first)
            await waits
            await pool.give(second)
            telemetry._sample()
            assert numbers.used == 0
            assert numbers.value("pool_connections", state="idle") > 0
            return numbers

    numbers = asyncio.run(scenario())
    assert numbers.pending == 0
    assert numbers.outcomes == {"ok": 3, "timeout": 1, "full": 0, "error": 0}
    assert numbers.value("pool_wait_seconds_count") == 4
    assert numbers.value("pool_use_seconds_count") == 3


@pytest.mark.parametrize(("open_pool", "name", "error"), POOLS)
def test_timeouts_are_counted_as_such(
    open_pool: Open,
    name: str,
    error: type[Exception],
    servers: Servers,
    telemetry: Telemetry,
    registry: CollectorRegistry,
) -> None:
    """And the caller gets what the library raises."""

    async def scenario() -> None:
        # What takes as long as opening a connection may take longer than a short time-out.
        async with open_pool(servers, 1.0) as pool:
            held = [await pool.take(), await pool.take()]
            telemetry.measure(pool.measured)
            with pytest.raises(error):
                await pool.take()
            for each in held:
                await pool.give(each)

    asyncio.run(scenario())
    numbers = Numbers(registry, name)
    assert numbers.outcomes == {"ok": 0, "timeout": 1, "full": 0, "error": 0}
    assert numbers.value("pool_wait_seconds_count") == 1
    assert numbers.value("pool_use_seconds_count") == 0


def test_all_ways_to_use_an_asyncpg_pool_are_measured(
    servers: Servers, telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """A block, the pool's own queries, and a connection that is closed while it is held."""

    async def scenario() -> Numbers:
        pool = telemetry.measure(asyncpg.create_pool(f"postgresql://{servers.dsn}", min_size=0))
        async with pool:
            async with pool.acquire() as connection:
                assert await connection.fetchval("SELECT 1") == 1
            assert await pool.fetchval("SELECT 2") == 2
            numbers = Numbers(registry, "postgres")
            closed = await pool.acquire()
            assert numbers.used == 1
            await closed.close()
            telemetry._sample()
            assert numbers.used == 0
            return numbers

    numbers = asyncio.run(scenario())
    assert numbers.outcomes == {"ok": 3, "timeout": 0, "full": 0, "error": 0}
    assert numbers.value("pool_use_seconds_count") == 2
