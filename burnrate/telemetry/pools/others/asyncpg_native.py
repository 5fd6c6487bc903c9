"""asyncpg's own pool, used as it is."""

from collections.abc import Generator
from types import TracebackType
from typing import Any

from asyncpg.pool import Pool

from burnrate.telemetry.pools.others.slot import MakeMeter, Slot, find_slot, put_slot


def measure(pool: Any, make_meter: MakeMeter) -> None:  # noqa: ANN401 - found by its module
    """Measure a pool of `asyncpg.create_pool`, awaited or not yet.

    Args:
        pool: Its class becomes one of its own, as its instances take no other methods.
        make_meter: Makes the meter.

    Raises:
        TypeError: It is something else of asyncpg's.
    """
    if not isinstance(pool, Pool):
        raise TypeError(f"{type(pool).__qualname__} cannot be measured: give the pool")
    meter = make_meter(
        "postgres",
        pool.get_max_size,
        pool.get_idle_size,
        # A connection that is closed while it is held is free for the pool at once.
        lambda: pool.get_size() - pool.get_idle_size(),
    )
    if not find_slot(pool, meter):
        pool.__class__ = _measured(type(pool), meter)


def _measured(base: Any, meter: Any) -> Any:  # noqa: ANN401 - a class made from a class
    class MeasuredNativePool(base):  # type: ignore[misc] # of a class that is only known now
        __slots__ = ()

        def acquire(self, *, timeout: float | None = None) -> _Acquisition:
            return _Acquisition(self, super().acquire(timeout=timeout), slot)

        async def release(self, connection: Any, *, timeout: float | None = None) -> None:  # noqa: ANN401, ASYNC109 - asyncpg's
            try:
                await super().release(connection, timeout=timeout)
            finally:
                slot.given_back(connection)

    slot = put_slot(MeasuredNativePool, meter)
    return MeasuredNativePool


class _Acquisition:
    """What `acquire` returns: for `await` and for `async with`, as asyncpg's own."""

    def __init__(self, pool: Any, acquisition: Any, slot: Slot) -> None:  # noqa: ANN401
        self._pool = pool
        self._acquisition = acquisition
        self._slot = slot
        self._connection: Any = None

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._take().__await__()

    async def __aenter__(self) -> Any:  # noqa: ANN401 - a connection
        self._connection = await self._take()
        return self._connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._pool.release(self._connection)

    async def _take(self) -> Any:  # noqa: ANN401 - a connection
        with self._slot.meter.attempting():
            connection = await self._acquisition
        self._slot.taken(connection)
        return connection
