"""asyncpg's and redis-py's pools against real servers: the numbers, also when things break."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from burnrate.telemetry import Telemetry
from burnrate.telemetry.pools import MeasuredPool, PoolTimeout
from burnrate.telemetry.pools.redis_pool import MeasuredConnectionPool, RedisPoolTimeout
from tests.servers.postgres import SUPERUSER, PostgresServer, running_postgres
from tests.servers.redis import RedisServer, running_redis
from tests.support.waiting import wait_until_async
from tests.telemetry.pools.numbers import Numbers

pytestmark = pytest.mark.integration

# What asyncpg raises on a connection that the server has ended, by how far the news has come.
BROKEN = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


def test_postgres_pool_counts_timeouts_and_heals_after_broken_connections(
    postgres: PostgresServer, telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """Two connections: the third waiter times out; a terminated connection is no longer used."""
    numbers = Numbers(registry, "postgres")

    async def hold_both(measured: MeasuredPool, hasty: MeasuredPool) -> None:
        async with measured.acquire(), measured.acquire():
            assert numbers.used == 2
            with pytest.raises(PoolTimeout):
                async with hasty.acquire():
                    pytest.fail("there is no third connection")

    async def break_one(measured: MeasuredPool) -> None:
        async with measured.acquire() as victim, measured.acquire() as other:
            pid = await victim.fetchval("SELECT pg_backend_pid()")
            await other.execute("SELECT pg_terminate_backend($1)", pid)
            with pytest.raises(BROKEN):
                await victim.fetchval("SELECT 1")

    async def scenario() -> None:
        async with asyncpg.create_pool(
            host=postgres.host, port=postgres.port, user=SUPERUSER, database="postgres",
            min_size=1, max_size=2,
        ) as pool:  # fmt: skip
            meter = telemetry.pool("postgres", max_connections=2, idle=pool.get_idle_size)
            measured = MeasuredPool(pool, meter, acquire_timeout_seconds=60)
            await hold_both(measured, MeasuredPool(pool, meter, acquire_timeout_seconds=0.2))
            assert numbers.value("pool_connections", state="idle") == 2
            await break_one(measured)
            async with measured.acquire() as connection:
                assert await connection.fetchval("SELECT 1") == 1

    asyncio.run(scenario())
    assert numbers.outcomes == {"ok": 5, "timeout": 1, "full": 0, "error": 0}
    assert numbers.used == 0
    assert numbers.value("pool_wait_seconds_count") == 6
    assert numbers.value("pool_use_seconds_count") == 5


def test_cancelled_waiter_takes_no_connection_with_it(
    postgres: PostgresServer, telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """A client that leaves while its request waits costs the pool nothing."""
    numbers = Numbers(registry, "postgres")

    async def wait(measured: MeasuredPool) -> None:
        async with measured.acquire():
            pytest.fail("cancelled before")

    async def scenario() -> None:
        async with asyncpg.create_pool(
            host=postgres.host, port=postgres.port, user=SUPERUSER, database="postgres",
            min_size=1, max_size=1,
        ) as pool:  # fmt: skip
            meter = telemetry.pool("postgres", max_connections=1, idle=pool.get_idle_size)
            measured = MeasuredPool(pool, meter, acquire_timeout_seconds=60)
            async with measured.acquire():
                waiter = asyncio.create_task(wait(measured))
                await wait_until_async(lambda: numbers.value("pool_pending_requests") == 1)
                waiter.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiter
            async with measured.acquire():
                assert numbers.used == 1

    asyncio.run(scenario())
    assert numbers.outcomes == {"ok": 2, "timeout": 1, "full": 0, "error": 0}
    assert numbers.value("pool_pending_requests") == 0


def redis_client(server: RedisServer, telemetry: Telemetry) -> Redis:
    """Return a client with one connection, for which it waits a tenth of a second."""
    pool = MeasuredConnectionPool(
        telemetry.pool("redis", max_connections=1),
        host=server.host,
        port=server.port,
        max_connections=1,
        timeout=0.1,
        retry=None,
    )
    return Redis(connection_pool=pool)


def test_redis_pool_counts_timeouts_as_such(
    redis_server: RedisServer, telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """One connection, held by a blocking command: the second command times out in the pool."""
    numbers = Numbers(registry, "redis")

    async def scenario() -> None:
        client = redis_client(redis_server, telemetry)
        blocked = asyncio.ensure_future(client.blpop(["queue"], timeout=0))
        await wait_until_async(lambda: numbers.used == 1)
        with pytest.raises(RedisPoolTimeout):
            await client.ping()
        async with Redis(host=redis_server.host, port=redis_server.port) as another:
            await another.lpush("queue", "an end")
        await blocked
        assert await client.ping()
        await client.aclose()
        await client.connection_pool.disconnect()

    asyncio.run(scenario())
    assert numbers.outcomes == {"ok": 2, "timeout": 1, "full": 0, "error": 0}
    assert numbers.used == 0
    assert numbers.value("pool_use_seconds_count") == 2


def test_redis_connection_that_nobody_holds_is_idle(
    redis_server: RedisServer, telemetry: Telemetry
) -> None:
    """None before the first command, none while it is held, one when it is back."""

    async def scenario() -> list[int]:
        client = redis_client(redis_server, telemetry)
        pool = client.connection_pool
        assert isinstance(pool, MeasuredConnectionPool)
        idle = [pool.count_idle()]
        connection = await pool.get_connection()
        idle.append(pool.count_idle())
        await pool.release(connection)
        idle.append(pool.count_idle())
        await client.aclose()
        await pool.disconnect()
        return idle

    assert asyncio.run(scenario()) == [0, 0, 1]


def test_redis_that_is_gone_is_an_error_and_holds_nothing(
    redis_server: RedisServer, telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """A connection that cannot be opened is an error of the attempt, not a hold."""
    numbers = Numbers(registry, "redis")
    redis_server.stop()

    async def scenario() -> None:
        client = redis_client(redis_server, telemetry)
        for _ in range(3):
            with pytest.raises(RedisConnectionError):
                await client.ping()
        await client.aclose()

    asyncio.run(scenario())
    assert numbers.outcomes["error"] >= 3
    assert numbers.outcomes["ok"] == numbers.outcomes["timeout"] == 0
    assert numbers.used == 0
