"""psycopg_pool's pools, of threads and of asyncio."""

from typing import Any

from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolTimeout, TooManyRequests

from burnrate.telemetry.metrics import PoolOutcome
from burnrate.telemetry.pools.others.slot import MakeMeter, Slot, find_slot, put_slot


def measure(pool: Any, make_meter: MakeMeter) -> None:  # noqa: ANN401 - found by its module
    """Measure a `ConnectionPool` or `AsyncConnectionPool`, or one that keeps no connection.

    Args:
        pool: Opened or not.
        make_meter: Makes the meter.

    Raises:
        TypeError: It is something else of psycopg_pool's.
    """
    if not isinstance(pool, ConnectionPool | AsyncConnectionPool):
        raise TypeError(f"{type(pool).__qualname__} cannot be measured: give the pool")
    meter = make_meter(
        "postgres", lambda: pool.max_size, lambda: pool.get_stats().get("pool_available", 0)
    )
    if find_slot(pool, meter):
        return
    slot = put_slot(pool, meter)
    if isinstance(pool, AsyncConnectionPool):
        _wrap_async(pool, slot)
    else:
        _wrap(pool, slot)


def _wrap(pool: Any, slot: Slot) -> None:  # noqa: ANN401 - its methods are replaced
    getconn, putconn = pool.getconn, pool.putconn

    def measured_getconn(timeout: float | None = None) -> object:
        with slot.meter.attempting(_outcome_of):
            connection: object = getconn(timeout)
        slot.taken(connection)
        return connection

    def measured_putconn(conn: object) -> None:
        try:
            putconn(conn)
        finally:
            slot.given_back(conn)

    pool.getconn, pool.putconn = measured_getconn, measured_putconn


def _wrap_async(pool: Any, slot: Slot) -> None:  # noqa: ANN401 - its methods are replaced
    getconn, putconn = pool.getconn, pool.putconn

    async def measured_getconn(timeout: float | None = None) -> object:  # noqa: ASYNC109 - its own
        with slot.meter.attempting(_outcome_of):
            connection: object = await getconn(timeout)
        slot.taken(connection)
        return connection

    async def measured_putconn(conn: object) -> None:
        try:
            await putconn(conn)
        finally:
            slot.given_back(conn)

    pool.getconn, pool.putconn = measured_getconn, measured_putconn


def _outcome_of(error: BaseException) -> PoolOutcome | None:
    if isinstance(error, TooManyRequests):
        return "full"
    return "timeout" if isinstance(error, PoolTimeout) else None
