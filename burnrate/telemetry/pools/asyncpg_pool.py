"""asyncpg's pool, measured: it exposes no waiters, no waits and no time-outs itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from burnrate.telemetry.pools.meter import PoolMeter, PoolTimeout

if TYPE_CHECKING:
    from asyncpg import Pool, Record
    from asyncpg.pool import PoolConnectionProxy


class MeasuredPool:
    """Hands out an asyncpg pool's connections, measured.

    Args:
        pool: The pool; its owner opens and closes it.
        meter: From `Telemetry.pool`, with `idle=pool.get_idle_size`.
        acquire_timeout_seconds: asyncpg would wait for ever.
    """

    def __init__(
        self, pool: "Pool[Record]", meter: PoolMeter, acquire_timeout_seconds: float
    ) -> None:
        self._pool = pool
        self._meter = meter
        self._timeout = acquire_timeout_seconds

    @asynccontextmanager
    async def acquire(self) -> "AsyncIterator[PoolConnectionProxy[Record]]":
        """Hold a connection for the block.

        Raises:
            PoolTimeout: none came free in time.
            Exception: whatever asyncpg raises when it has to open a connection and cannot.
        """
        async with self._meter.hold(self._take, self._pool.release) as connection:
            yield connection

    async def _take(self) -> "PoolConnectionProxy[Record]":
        try:
            return await self._pool.acquire(timeout=self._timeout)
        except TimeoutError as error:
            raise PoolTimeout(f"no connection within {self._timeout} s") from error
