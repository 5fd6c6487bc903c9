"""The Redis client, and a circuit breaker, so that a Redis that hangs costs little."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from api.backends.patience import Patience
from api.settings import RedisSettings
from burnrate.telemetry.pools import PoolMeter
from burnrate.telemetry.pools.redis_pool import MeasuredConnectionPool, RedisPoolTimeout

logger = logging.getLogger(__name__)

T = TypeVar("T")


class RedisUnavailable(Exception):
    """Redis did not answer in time, refused, or is known not to answer just now."""


class RedisBackend:
    """One client for every use of Redis in this process.

    Each call goes through `call`: it costs `timeout_seconds`, five times that at most where the
    event loop itself is late, and after one that failed the next ones fail at once until
    `retry_interval_seconds` have passed; then one call tries. So a black hole costs a request one
    time-out at most, however often it needs Redis.
    """

    def __init__(
        self,
        settings: RedisSettings,
        *,
        pool_max: int,
        make_meter: Callable[[int, Callable[[], int]], PoolMeter],
    ) -> None:
        self._settings = settings
        self._closed_until = 0.0
        self._is_down = False
        self.pool = MeasuredConnectionPool(
            make_meter(pool_max, self._count_idle),
            max_connections=pool_max,
            timeout=settings.pool_timeout_seconds,
            # `call` has the time; another time-out would make a task of each command that is sent.
            **{**connection_options(settings), "socket_timeout": None},
        )
        self.client: Redis = Redis(connection_pool=self.pool)

    async def call(self, command: Callable[[], Awaitable[T]]) -> T:
        """Await what `command` returns.

        Raises:
            RedisUnavailable: no answer.
            redis.exceptions.ResponseError: an answer, but an error.
        """
        if monotonic() < self._closed_until:
            raise RedisUnavailable("skipped")
        if self._is_down:
            # This call tries; others meanwhile fail at once.
            self._closed_until = monotonic() + self._settings.retry_interval_seconds
        try:
            async with Patience(self._settings.timeout_seconds):
                result = await command()
        except RedisPoolTimeout as error:
            # A full pool here says nothing about Redis itself.
            raise RedisUnavailable("no free connection") from error
        except (RedisConnectionError, RedisTimeoutError, TimeoutError, OSError) as error:
            self._open(error)
            raise RedisUnavailable(type(error).__name__) from error
        self._close()
        return result

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Close the connections when the block ends."""
        try:
            yield
        finally:
            await self.client.aclose()
            await self.pool.disconnect()

    async def ping(self) -> None:
        """Return when Redis has answered; raises RedisUnavailable."""
        await self.call(self.client.ping)

    def _count_idle(self) -> int:
        # The telemetry asks before there is a pool, too.
        pool: MeasuredConnectionPool | None = getattr(self, "pool", None)
        return pool.count_idle() if pool is not None else 0

    def _open(self, error: Exception) -> None:
        self._closed_until = monotonic() + self._settings.retry_interval_seconds
        if not self._is_down:
            logger.warning("redis unavailable", extra={"reason": type(error).__name__})
        self._is_down = True

    def _close(self) -> None:
        if self._is_down:
            logger.info("redis answers again")
        self._is_down = False
        self._closed_until = 0.0


def connection_options(settings: RedisSettings) -> dict[str, Any]:
    """Return what every connection to Redis is opened with.

    No retries: redis-py's ten make a black hole cost a minute, and every use here can do without.
    """
    password = settings.password
    return {
        "host": settings.host,
        "port": settings.port,
        "db": settings.database,
        "password": password.get_secret_value() if password else None,
        "socket_timeout": settings.timeout_seconds,
        "socket_connect_timeout": settings.timeout_seconds,
        "retry": Retry(NoBackoff(), 0),
        "client_name": "burnrate-api",
    }
