"""A response cache in Redis: shared by the workers, safe from stampedes, skipped when Redis fails.

Entries belong to a scope, such as one post or all lists. A scope has a version in Redis, and an
entry's key holds the version it was made for. To invalidate is to change the version: what a slow
reader stores afterwards lands under the old version, where nobody looks.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Protocol

from redis.exceptions import RedisError

from api.backends.redis import RedisBackend, RedisUnavailable

logger = logging.getLogger(__name__)

Load = Callable[[], Awaitable[bytes]]

# One round trip: the versions of everything and of the scope, and the entry made for them.
_LOOK_UP = """
local version = (redis.call('GET', KEYS[1]) or '0') .. '.' .. (redis.call('GET', KEYS[2]) or '0')
return {version, redis.call('GET', KEYS[3] .. ':' .. version)}
"""

# Stands for every scope.
_ALL = "*"

# A loader that dies must not keep the others waiting longer than a load usually takes.
_LOCK_MILLISECONDS = 1_000
_WAIT_SECONDS = 0.2
_POLL_SECONDS = 0.02


class Meter(Protocol):
    """Counts look-ups."""

    def hit(self) -> None: ...
    def miss(self) -> None: ...
    def error(self) -> None: ...


class ResponseCache:
    """Answers from Redis where it can, else from `load`.

    Callers that miss the same entry at the same time share one load in each process, and mostly
    one in all processes: the first takes a short lock in Redis, the others wait a moment for what
    it stores. Every failure of Redis ends in `load`.
    """

    def __init__(self, redis: RedisBackend, meter: Meter, *, name: str, ttl_seconds: int) -> None:
        self._redis = redis
        self._meter = meter
        self._name = name
        self._ttl_seconds = ttl_seconds
        self._look_up = redis.client.register_script(_LOOK_UP)
        self._flights: dict[tuple[str, str], asyncio.Task[tuple[bytes, str]]] = {}

    async def get(self, scope: str, entry: str, load: Load) -> bytes:
        """Return the entry, loading it if it is missing; raises what `load` raises."""
        key = (scope, entry)
        flight = self._flights.get(key)
        if flight is None:
            # A task of its own: if the first caller leaves, the others still need the answer.
            flight = asyncio.create_task(self._fly(scope, entry, load))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._land(key, done))
        try:
            value, result = await asyncio.shield(flight)
        except Exception:
            self._meter.miss()
            raise
        getattr(self._meter, result)()
        return value

    async def invalidate_all(self) -> None:
        """Invalidate all entries."""
        await self.invalidate(_ALL)

    async def invalidate(self, *scopes: str) -> None:
        """Invalidate the entries of these scopes; if Redis is down they stay until they expire."""
        # Later callers must not get the result of a load that began before the change.
        for key in [key for key in self._flights if _ALL in scopes or key[0] in scopes]:
            del self._flights[key]
        # The version outlives every entry that was made for the one before it.
        lifetime = 2 * self._ttl_seconds
        try:
            async with self._redis.client.pipeline(transaction=False) as pipe:
                for scope in scopes:
                    pipe.set(self._version_key(scope), secrets.token_hex(8), ex=lifetime)
                await self._redis.call(pipe.execute)
        except (RedisUnavailable, RedisError) as error:
            logger.warning("cache not invalidated", extra={"reason": str(error)})

    def _land(self, key: tuple[str, str], flight: asyncio.Task[tuple[bytes, str]]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # seen, even if every caller has left

    async def _fly(self, scope: str, entry: str, load: Load) -> tuple[bytes, str]:
        try:
            version, value = await self._find(scope, entry)
            if value is not None:
                return value, "hit"
            key = f"{self._entry_key(scope, entry)}:{version}"
            if not await self._lock(key) and (value := await self._wait(key)) is not None:
                return value, "hit"
        except (RedisUnavailable, RedisError):
            return await load(), "error"
        value = await load()
        with contextlib.suppress(RedisUnavailable, RedisError):
            stored = value
            await self._redis.call(
                lambda: self._redis.client.set(key, stored, ex=self._ttl_seconds)
            )
        return value, "miss"

    async def _find(self, scope: str, entry: str) -> tuple[str, bytes | None]:
        keys = [self._version_key(_ALL), self._version_key(scope), self._entry_key(scope, entry)]
        version, value = await self._redis.call(lambda: self._look_up(keys))
        return version.decode(), value

    async def _lock(self, key: str) -> bool:
        return bool(
            await self._redis.call(
                lambda: self._redis.client.set(f"{key}:lock", 1, nx=True, px=_LOCK_MILLISECONDS)
            )
        )

    async def _wait(self, key: str) -> bytes | None:
        for _ in range(int(_WAIT_SECONDS / _POLL_SECONDS)):
            await asyncio.sleep(_POLL_SECONDS)
            value = await self._redis.call(lambda: self._redis.client.get(key))
            if isinstance(value, bytes):
                return value
        return None

    def _version_key(self, scope: str) -> str:
        return f"cache:{self._name}:{scope}:version"

    def _entry_key(self, scope: str, entry: str) -> str:
        return f"cache:{self._name}:{scope}:{entry}"
