"""Counts in Redis, all workers together."""

from collections.abc import Sequence
from typing import cast

from api.backends.batches import Batches
from api.backends.redis import RedisBackend

# One round trip, and no counter is left without an end where the connection breaks in between.
_INCREMENT = """
local counts = {}
for i, key in ipairs(KEYS) do
    counts[i] = redis.call('INCR', key)
    if counts[i] == 1 then
        redis.call('EXPIRE', key, ARGV[i])
    end
end
return counts
"""


class Counter:
    """Counters that end by themselves."""

    def __init__(self, redis: RedisBackend) -> None:
        self._redis = redis
        # Sent as its digest; redis-py loads it again where a restarted Redis does not know it.
        self._script = redis.client.register_script(_INCREMENT)
        self._batches = Batches(self._count)

    async def increment(self, key: str, lifetime_seconds: int) -> int:
        """Add one and return the count; the lifetime begins with a counter's first.

        Raises:
            RedisUnavailable: no answer.
            redis.exceptions.ResponseError: an answer, but an error.
        """
        return await self._batches.get((key, lifetime_seconds))

    async def _count(self, counters: Sequence[tuple[str, int]]) -> list[int]:
        keys, lifetimes = zip(*counters, strict=True)
        run = self._script
        counts = await self._redis.call(lambda: run(keys=keys, args=lifetimes))
        return cast("list[int]", counts)
