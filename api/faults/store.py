"""What is injected now, in Redis, so that every worker knows.

Each worker reads it once a second into memory: requests ask no store, and without Redis a worker
goes on with what it knows until that expires.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import time
from typing import TypeVar, cast

from pydantic import ValidationError
from redis.exceptions import RedisError

from api.backends.redis import RedisBackend, RedisUnavailable
from api.errors import DependencyUnavailable
from api.faults.schemas import LONGEST_SECONDS, ActiveInjection, Injection

logger = logging.getLogger(__name__)

T = TypeVar("T")

_KEY = "faults:injections"
_READ_EVERY_SECONDS = 1.0


class InjectionStore:
    """All injections; at most one for each method and route."""

    def __init__(self, redis: RedisBackend) -> None:
        self._redis = redis
        self._known: dict[str, ActiveInjection] = {}

    @property
    def is_active(self) -> bool:
        """Tell whether anything at all is injected."""
        return bool(self._known)

    def find(self, method: str, route: str) -> ActiveInjection | None:
        """Return the injection of a route that this worker knows of."""
        injection = self._known.get(f"{method} {route}")
        return injection if injection is not None and injection.expires_at > time() else None

    async def add(self, injection: Injection) -> ActiveInjection:
        """Add or replace an injection; raises DependencyUnavailable."""
        active = ActiveInjection(**injection.model_dump(), expires_at=time() + injection.seconds)
        field = f"{injection.method} {injection.route}"
        async with self._redis.client.pipeline(transaction=True) as pipe:
            pipe.hset(_KEY, field, active.model_dump_json())
            pipe.expire(_KEY, LONGEST_SECONDS)
            await self._call(pipe.execute)
        self._known[field] = active
        return active

    async def clear(self) -> None:
        """Remove all injections; raises DependencyUnavailable."""
        await self._call(lambda: self._redis.client.delete(_KEY))
        self._known = {}

    async def read(self) -> list[ActiveInjection]:
        """Return what is injected now; raises DependencyUnavailable."""
        fields: dict[bytes, bytes] = await self._call(
            lambda: cast("Awaitable[dict[bytes, bytes]]", self._redis.client.hgetall(_KEY))
        )
        parsed = {name.decode(): _parse(text) for name, text in fields.items()}
        self._known = {name: each for name, each in parsed.items() if each is not None}
        return list(self._known.values())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep this worker's copy up to date for the block."""
        reading = asyncio.create_task(self._read_for_ever(), name="fault-injections")
        try:
            yield
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading

    async def _read_for_ever(self) -> None:
        while True:
            with contextlib.suppress(DependencyUnavailable):
                await self.read()
            await asyncio.sleep(_READ_EVERY_SECONDS)

    async def _call(self, command: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._redis.call(command)
        except (RedisUnavailable, RedisError) as error:
            raise DependencyUnavailable("redis") from error


def _parse(text: bytes) -> ActiveInjection | None:
    try:
        injection = ActiveInjection.model_validate_json(text)
    except ValidationError:
        logger.warning("injection not understood")
        return None
    return injection if injection.expires_at > time() else None
