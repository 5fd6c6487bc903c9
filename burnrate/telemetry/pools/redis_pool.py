"""redis-py's blocking pool, measured."""

from time import perf_counter
from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError

from burnrate.telemetry.pools.meter import PoolMeter


class RedisPoolTimeout(RedisConnectionError, TimeoutError):
    """No connection came free in time; clients see the ConnectionError they already handle."""


class MeasuredConnectionPool(BlockingConnectionPool):
    """A `redis.asyncio.BlockingConnectionPool` whose waits and holds are measured.

    Args:
        meter: From `Telemetry.pool`.
        options: The blocking pool's own: `max_connections`, `timeout` (seconds to wait), ...
    """

    def __init__(self, meter: PoolMeter, **options: Any) -> None:  # noqa: ANN401 - redis-py's
        super().__init__(**options)
        self._meter = meter
        self._held_since: dict[AbstractConnection, float] = {}

    async def get_connection(
        self,
        command_name: Any = None,  # noqa: ANN401 - redis-py's signature
        *keys: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> AbstractConnection:
        """Wait for a connection.

        Raises:
            RedisPoolTimeout: none came free in time.
            redis.exceptions.RedisError: a new connection could not be opened.
        """
        del command_name, keys, options  # deprecated and unused in redis-py
        connection = await self._meter.attempt(self._take)
        self._held_since[connection] = perf_counter()
        return connection

    async def release(self, connection: AbstractConnection) -> None:
        """Give a connection back; one that did not open was never held and is not counted."""
        try:
            await super().release(connection)
        finally:
            # A connection that failed to open is released by redis-py without having been held.
            since = self._held_since.pop(connection, None)
            if since is not None:
                self._meter.released(perf_counter() - since)

    def count_idle(self) -> int:
        """Return how many connections the pool keeps that nobody holds."""
        counts = self.get_connection_count()
        return sum(count for count, labels in counts if labels.get(_STATE) == "idle")

    async def _take(self) -> AbstractConnection:
        try:
            connection: AbstractConnection = await super().get_connection()  # type: ignore[no-untyped-call]
        except RedisConnectionError as error:
            if isinstance(error.__cause__, TimeoutError) and str(error) == _POOL_TIMEOUT:
                raise RedisPoolTimeout(str(error)) from error
            raise
        return connection


# The attribute's name in OpenTelemetry's conventions for database clients.
_STATE = "db.client.connection.state"
# What redis-py says when the wait was too long; the type alone is that of a broken connection.
_POOL_TIMEOUT = "No connection available."
