"""redis-py's clients and pools as they are, of threads and of asyncio."""

import inspect
from typing import Any, Final

from redis.exceptions import ConnectionError as RedisConnectionError

from burnrate.telemetry.metrics import PoolOutcome
from burnrate.telemetry.pools.others.slot import MakeMeter, Slot, find_slot, put_slot

# The attribute's name in OpenTelemetry's conventions for database clients.
_STATE: Final = "db.client.connection.state"
# What redis-py says where the wait was too long, and where its pool does not let anybody wait.
_TIMEOUT: Final = "No connection available."
_FULL: Final = "Too many connections"
# Before it had a limit by default, redis-py took this for none.
_UNLIMITED: Final = 2**31


def measure(given: Any, make_meter: MakeMeter) -> None:  # noqa: ANN401 - found by its module
    """Measure the pool of a `Redis` client, or a pool.

    Args:
        given: Of threads or of asyncio, blocking or not.
        make_meter: Makes the meter.

    Raises:
        TypeError: It has no pool, or many of them as a cluster has.
    """
    pool = getattr(given, "connection_pool", given)
    if not (hasattr(pool, "get_connection") and hasattr(pool, "max_connections")):
        raise TypeError(
            f"{type(given).__qualname__} cannot be measured: give a client or a pool of one server"
            " (a cluster has several)"
        )
    meter = make_meter("redis", lambda: _most(pool), lambda: _idle(pool))
    if find_slot(pool, meter):
        return
    slot = put_slot(pool, meter)
    if inspect.iscoroutinefunction(pool.release):
        _wrap_async(pool, slot)
    else:
        _wrap(pool, slot)


def _wrap(pool: Any, slot: Slot) -> None:  # noqa: ANN401 - its methods are replaced
    get_connection, release = pool.get_connection, pool.release

    def measured_get(*args: object, **options: object) -> object:
        with slot.meter.attempting(_outcome_of):
            connection: object = get_connection(*args, **options)
        slot.taken(connection)
        return connection

    def measured_release(connection: object) -> None:
        try:
            release(connection)
        finally:
            slot.given_back(connection)

    pool.get_connection, pool.release = measured_get, measured_release


def _wrap_async(pool: Any, slot: Slot) -> None:  # noqa: ANN401 - its methods are replaced
    get_connection, release = pool.get_connection, pool.release

    async def measured_get(*args: object, **options: object) -> object:
        with slot.meter.attempting(_outcome_of):
            connection: object = await get_connection(*args, **options)
        slot.taken(connection)
        return connection

    async def measured_release(connection: object) -> None:
        try:
            await release(connection)
        finally:
            slot.given_back(connection)

    pool.get_connection, pool.release = measured_get, measured_release


def _outcome_of(error: BaseException) -> PoolOutcome | None:
    if isinstance(error, RedisConnectionError):
        return {_TIMEOUT: "timeout", _FULL: "full"}.get(str(error), "error")  # type: ignore[return-value]
    # Its own exception for a server that does not answer is a TimeoutError in some releases.
    return "error" if isinstance(error, Exception) else None


def _most(pool: Any) -> int | None:  # noqa: ANN401 - of threads or of asyncio
    most: int = pool.max_connections
    return most if most < _UNLIMITED else None


def _idle(pool: Any) -> int:  # noqa: ANN401 - of threads or of asyncio
    if not hasattr(pool, "get_connection_count"):  # releases before 7
        return 0
    counts = pool.get_connection_count()
    return sum(count for count, labels in counts if labels.get(_STATE) == "idle")
