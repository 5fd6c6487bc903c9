"""Pools that threads use: every wait, hold, time-out and error, with one line each."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import httpx
import httpx2
import psycopg_pool
import pytest
import redis
import sqlalchemy
from prometheus_client import CollectorRegistry
from redis.backoff import NoBackoff
from redis.retry import Retry

from burnrate.stack import free_port
from burnrate.telemetry import Telemetry
from tests.support.waiting import wait_until
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
    take: Callable[[], Any]
    give: Callable[[Any], object]


Open = Callable[[Servers, float], AbstractContextManager[Pool]]


@contextmanager
def sqlalchemy_engine(servers: Servers, seconds: float) -> Iterator[Pool]:
    engine = sqlalchemy.create_engine(
        f"postgresql+psycopg://{servers.dsn}", pool_size=1, max_overflow=1, pool_timeout=seconds
    )
    yield Pool(engine, engine.connect, lambda connection: connection.close())
    engine.dispose()


@contextmanager
def psycopg(servers: Servers, seconds: float) -> Iterator[Pool]:
    dsn = f"postgresql://{servers.dsn}"
    with psycopg_pool.ConnectionPool(dsn, min_size=2, timeout=seconds) as pool:
        pool.wait(LONG)
        yield Pool(pool, lambda: pool.getconn(), lambda connection: pool.putconn(connection))


@contextmanager
def redis_client(servers: Servers, seconds: float) -> Iterator[Pool]:
    pool: Any = redis.BlockingConnectionPool(  # type: ignore[no-untyped-call] # redis-py's
        host=servers.redis.host, port=servers.redis.port, max_connections=2, timeout=seconds
    )
    client = redis.Redis(connection_pool=pool)
    yield Pool(client, lambda: pool.get_connection(), lambda connection: pool.release(connection))
    pool.disconnect()


@contextmanager
def http_client(library: ModuleType, servers: Servers, seconds: float) -> Iterator[Pool]:
    limits = library.Limits(max_connections=2)
    timeout = library.Timeout(LONG, pool=seconds)
    with library.Client(limits=limits, timeout=timeout) as client:
        request = client.build_request("GET", servers.http)
        yield Pool(client, lambda: client.send(request, stream=True), lambda answer: answer.read())


def httpx_client(servers: Servers, seconds: float) -> AbstractContextManager[Pool]:
    return http_client(httpx, servers, seconds)


def httpx2_client(servers: Servers, seconds: float) -> AbstractContextManager[Pool]:
    return http_client(httpx2, servers, seconds)


POOLS = [
    pytest.param(sqlalchemy_engine, "postgres", sqlalchemy.exc.TimeoutError, id="sqlalchemy"),
    pytest.param(psycopg, "postgres", psycopg_pool.PoolTimeout, id="psycopg"),
    pytest.param(redis_client, "redis", redis.exceptions.ConnectionError, id="redis"),
    pytest.param(httpx_client, "http", httpx.PoolTimeout, id="httpx"),
    pytest.param(httpx2_client, "http", httpx2.PoolTimeout, id="httpx2"),
]


@pytest.mark.parametrize(("open_pool", "name", "_error"), POOLS)
def test_waits_and_holds_of_a_saturated_pool_are_counted(
    open_pool: Open,
    name: str,
    _error: type[Exception],
    servers: Servers,
    telemetry: Telemetry,
    registry: CollectorRegistry,
) -> None:
    """Two hold, the third waits until one comes back; afterwards nobody holds anything."""
    with open_pool(servers, LONG) as pool:
        assert telemetry.measure(pool.measured) is pool.measured
        numbers = Numbers(registry, name)
        first, second = pool.take(), pool.take()
        assert numbers.used == 2
        assert numbers.value("pool_max_connections") == 2
        waiter = threading.Thread(target=lambda: pool.give(pool.take()))
        waiter.start()
        wait_until(lambda: numbers.pending == 1, "a thread that waits")
        pool.give(first)
        waiter.join()
        pool.give(second)
        wait_until(lambda: numbers.used == 0, "nobody who holds")
        telemetry._sample()
        assert numbers.value("pool_connections", state="idle") > 0
    assert numbers.pending == 0
    assert numbers.outcomes == {"ok": 3, "timeout": 0, "full": 0, "error": 0}
    assert numbers.value("pool_wait_seconds_count") == 3
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
    with open_pool(servers, 0.05) as pool:
        held = [pool.take(), pool.take()]  # before it is measured: not counted, not missed
        telemetry.measure(pool.measured)
        numbers = Numbers(registry, name)
        with pytest.raises(error):
            pool.take()
        for each in held:
            pool.give(each)
    assert numbers.outcomes == {"ok": 0, "timeout": 1, "full": 0, "error": 0}
    assert numbers.value("pool_wait_seconds_count") == 1
    assert numbers.value("pool_use_seconds_count") == 0


def test_what_cannot_be_opened_is_an_error(
    telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """Not a time-out, and nothing is held."""
    port = free_port()
    engine = telemetry.measure(sqlalchemy.create_engine(f"postgresql+psycopg://x@127.0.0.1:{port}"))
    with pytest.raises(sqlalchemy.exc.OperationalError):
        engine.connect()
    client = telemetry.measure(redis.Redis(port=port, retry=Retry(NoBackoff(), 0)))
    with pytest.raises(redis.exceptions.ConnectionError):
        client.ping()
    with httpx.Client() as web, pytest.raises(httpx.ConnectError):
        telemetry.measure(web).get(f"http://127.0.0.1:{port}")
    for name in ("postgres", "redis", "http"):
        numbers = Numbers(registry, name)
        assert numbers.outcomes == {"ok": 0, "timeout": 0, "full": 0, "error": 1}
        assert numbers.used == 0


def test_a_pool_that_lets_nobody_wait_is_full(
    servers: Servers, telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """redis-py's default pool, which refuses at once."""
    client = telemetry.measure(redis.Redis(port=servers.redis.port, max_connections=1))
    held = client.connection_pool.get_connection()
    with pytest.raises(redis.exceptions.ConnectionError, match="Too many"):
        client.ping()
    client.connection_pool.release(held)
    client.close()
    assert Numbers(registry, "redis").outcomes == {"ok": 1, "timeout": 0, "full": 1, "error": 0}


def test_an_engine_that_was_disposed_of_is_measured_on(
    servers: Servers, telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """Each `dispose()` makes a new pool: after a fork, between tests, when a password changes."""
    engine = telemetry.measure(sqlalchemy.create_engine(f"postgresql+psycopg://{servers.dsn}"))
    numbers = Numbers(registry, "postgres")
    for number in (1, 2, 3):
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT 1"))
            assert numbers.used == 1
        assert numbers.value("pool_use_seconds_count") == number
        engine.dispose()
    assert numbers.value("pool_max_connections") == 15


def test_connections_that_leave_the_pool_in_other_ways_are_not_held(
    servers: Servers, telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """Detached, invalidated, forgotten."""
    engine = telemetry.measure(sqlalchemy.create_engine(f"postgresql+psycopg://{servers.dsn}"))
    numbers = Numbers(registry, "postgres")
    with engine.connect() as connection:
        connection.detach()
        assert numbers.used == 0
    with engine.connect() as connection:
        connection.invalidate()
    raw = engine.raw_connection()
    assert numbers.used == 1
    del raw
    wait_until(lambda: numbers.used == 0, "the garbage collector's return")
    engine.dispose()
    assert numbers.value("pool_use_seconds_count") == 3


def test_a_redirect_is_two_attempts_and_one_s_own_trace_is_called(
    servers: Servers, telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """What the application does with its client goes on."""
    events: list[str] = []
    with httpx.Client(follow_redirects=True) as client:
        telemetry.measure(client, "shop")
        trace = {"trace": lambda name, _: events.append(name)}
        answer = client.get(f"{servers.http}redirected", extensions=trace)
    assert answer.text == "ok"
    assert answer.request.extensions["trace"] is trace["trace"]
    assert events.count("http11.response_closed.complete") == 2
    assert Numbers(registry, "shop").outcomes["ok"] == 2
    assert Numbers(registry, "shop").used == 0
