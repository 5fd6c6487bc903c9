"""A response cache in Redis: shared by the workers, safe from stampedes, skipped when Redis fails.

Entries belong to a scope, such as one post or all lists. A scope has a version in Redis, and an
entry's key holds the version it was made for. To invalidate is to change the version: what a slow
reader stores afterwards lands under the old version, where nobody looks. There is one cache, so
that a change invalidates all that shows it in one round trip; look-ups are counted by the name that
a scope belongs to.

That something does not exist is an entry too, of a shorter life: whoever creates it invalidates its
scope, as for every other change.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import NamedTuple, Protocol

from redis.exceptions import RedisError

from api.backends.batches import Batches
from api.backends.redis import RedisBackend, RedisUnavailable
from api.errors import NotFound

logger = logging.getLogger(__name__)

Load = Callable[[], Awaitable[bytes]]

# One round trip: the version of everything; for each entry its scope's, and what was made for both.
_LOOK_UP = """
local found, all = {}, redis.call('GET', KEYS[1]) or '0'
for i = 2, #KEYS, 2 do
    local version = all .. '.' .. (redis.call('GET', KEYS[i]) or '0')
    found[i / 2] = {version, redis.call('GET', KEYS[i + 1] .. ':' .. version)}
end
return found
"""

# A lock that has run out may be somebody else's by now.
_UNLOCK = """
return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1])
"""


class Scope(NamedTuple):
    """What is invalidated together.

    Attributes:
        cache: Under which name its look-ups are counted.
        name: Of all that belong there.
    """

    cache: str
    name: str


# Stands for every scope.
_ALL = Scope("*", "*")

# How an entry begins that says that there is nothing; its message follows. No JSON begins so.
_ABSENT = b"\0"
# Where Redis missed the change, something new is not seen for so long.
_ABSENT_SECONDS = 5

# A loader that dies must not keep the others waiting longer than a load usually takes.
_LOCK_MILLISECONDS = 1_000
_WAIT_SECONDS = 0.2
_POLL_SECONDS = 0.02

# As the breaker lets a call try again.
_CATCH_UP_SECONDS = 1.0
# Beyond these everything is invalidated.
_MOST_MISSED = 1_000


class Meter(Protocol):
    """Counts look-ups."""

    def hit(self) -> None: ...
    def miss(self) -> None: ...
    def error(self) -> None: ...


class ResponseCache:
    """Answers from Redis where it can, else from `load`.

    Callers that miss the same entry at the same time share one load in each process, and mostly
    one in all processes: the first takes a short lock in Redis, the others wait a moment for what
    it stores; if its load fails, it gives the lock back and they load by themselves. Every failure
    of Redis ends in `load`.

    Args:
        redis: Where entries are.
        meters: Who counts the look-ups of each name.
        ttl_seconds: How long entries live; with 0 nothing is kept, and each caller loads.
    """

    def __init__(
        self, redis: RedisBackend, meters: Mapping[str, Meter], *, ttl_seconds: int
    ) -> None:
        self._redis = redis
        self._meters = meters
        self._ttl_seconds = ttl_seconds
        self._look_up = redis.client.register_script(_LOOK_UP)
        self._batches = Batches(self._find_all)
        self._unlock = redis.client.register_script(_UNLOCK)
        self._flights: dict[tuple[Scope, str], asyncio.Task[tuple[bytes, str]]] = {}
        self._missed: set[Scope] = set()
        self._catching_up: asyncio.Task[None] | None = None
        self._catch_up_until = 0.0

    async def get(self, scope: Scope, entry: str, load: Load) -> bytes:
        """Return the entry, loading it if it is missing; raises what `load` raises.

        That `load` raised NotFound is remembered for a moment.
        """
        meter = self._meters[scope.cache]
        if not self._ttl_seconds:
            meter.miss()
            return await load()
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
            meter.miss()
            raise
        getattr(meter, result)()
        if value.startswith(_ABSENT):
            raise NotFound(value[len(_ABSENT) :].decode())
        return value

    async def invalidate_all(self) -> None:
        """Invalidate all entries."""
        await self.invalidate(_ALL)

    async def invalidate(self, *scopes: Scope) -> None:
        """Invalidate the entries of these scopes; if Redis is down, once it answers again."""
        if not self._ttl_seconds:
            return
        # Later callers must not get the result of a load that began before the change.
        for key in [key for key in self._flights if _ALL in scopes or key[0] in scopes]:
            del self._flights[key]
        if await self._change_versions(scopes):
            return
        logger.warning("cache not invalidated yet", extra={"scopes": len(scopes)})
        self._missed |= set(scopes) if len(self._missed) < _MOST_MISSED else {_ALL}
        # By then the last entry from before this change has expired.
        self._catch_up_until = monotonic() + self._ttl_seconds
        if self._catching_up is None:
            self._catching_up = asyncio.create_task(self._catch_up())

    async def _change_versions(self, scopes: Iterable[Scope]) -> bool:
        # The version outlives every entry that was made for the one before it.
        lifetime = 2 * self._ttl_seconds
        try:
            async with self._redis.client.pipeline(transaction=False) as pipe:
                for scope in scopes:
                    pipe.set(_version_key(scope), secrets.token_hex(8), ex=lifetime)
                await self._redis.call(pipe.execute)
        except (RedisUnavailable, RedisError):
            return False
        return True

    async def _catch_up(self) -> None:
        """Invalidate what Redis has missed: it may only have been slow, and keep all entries."""
        while self._missed and monotonic() < self._catch_up_until:
            await asyncio.sleep(_CATCH_UP_SECONDS)
            missed, self._missed = self._missed, set()
            if not await self._change_versions(missed):
                self._missed |= missed
        self._missed.clear()
        self._catching_up = None

    def _land(self, key: tuple[Scope, str], flight: asyncio.Task[tuple[bytes, str]]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # seen, even if every caller has left

    async def _fly(self, scope: Scope, entry: str, load: Load) -> tuple[bytes, str]:
        lock = None
        try:
            version, value = await self._find(scope, entry)
            if value is not None:
                return value, "hit"
            key = f"{_entry_key(scope, entry)}:{version}"
            lock = await self._lock(key)
            if lock is None and (value := await self._wait(key)) is not None:
                return value, "hit"
        except (RedisUnavailable, RedisError):
            return await _loaded(load), "error"
        try:
            value = await _loaded(load)
        except BaseException:
            if lock is not None:
                await self._give_back(key, lock)
            raise
        lifetime = _ABSENT_SECONDS if value.startswith(_ABSENT) else self._ttl_seconds
        with contextlib.suppress(RedisUnavailable, RedisError):
            stored = value
            await self._redis.call(
                lambda: self._redis.client.set(key, stored, ex=min(lifetime, self._ttl_seconds))
            )
        return value, "miss"

    async def _find(self, scope: Scope, entry: str) -> tuple[str, bytes | None]:
        version, value = await self._batches.get((scope, entry))
        return version.decode(), value

    async def _find_all(
        self, entries: Sequence[tuple[Scope, str]]
    ) -> Sequence[tuple[bytes, bytes | None]]:
        keys = [_version_key(_ALL)]
        for scope, entry in entries:
            keys += (_version_key(scope), _entry_key(scope, entry))
        found: Sequence[tuple[bytes, bytes | None]] = await self._redis.call(
            lambda: self._look_up(keys)
        )
        return found

    async def _lock(self, key: str) -> str | None:
        """Return what gives the lock back; None where somebody else has it."""
        lock, name = secrets.token_hex(8), _lock_name(key)
        is_ours = await self._redis.call(
            lambda: self._redis.client.set(name, lock, nx=True, px=_LOCK_MILLISECONDS)
        )
        return lock if is_ours else None

    async def _give_back(self, key: str, lock: str) -> None:
        with contextlib.suppress(RedisUnavailable, RedisError):
            await self._redis.call(lambda: self._unlock([_lock_name(key)], [lock]))

    async def _wait(self, key: str) -> bytes | None:
        """Return what whoever has the lock stores; None once it is too late for that."""
        for _ in range(int(_WAIT_SECONDS / _POLL_SECONDS)):
            await asyncio.sleep(_POLL_SECONDS)
            value, lock = await self._redis.call(
                lambda: self._redis.client.mget(key, _lock_name(key))
            )
            if isinstance(value, bytes):
                return value
            if lock is None:
                return None
        return None


async def _loaded(load: Load) -> bytes:
    try:
        return await load()
    except NotFound as error:
        return _ABSENT + str(error).encode()


def _version_key(scope: Scope) -> str:
    return f"cache:{scope.cache}:{scope.name}:version"


def _entry_key(scope: Scope, entry: str) -> str:
    return f"cache:{scope.cache}:{scope.name}:{entry}"


def _lock_name(key: str) -> str:
    return f"{key}:lock"
