"""Counts in Redis, all workers together."""

from typing import cast

from api.backends.redis import RedisBackend

# One round trip, and no counter is left without an end where the connection breaks in between.
_INCREMENT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then
    redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return count
"""


class Counter:
    """Counters that end by themselves."""

    def __init__(self, redis: RedisBackend) -> None:
        self._redis = redis
        # Sent as its digest; redis-py loads it again where a restarted Redis does not know it.
        self._script = redis.client.register_script(_INCREMENT)

    async def increment(self, key: str, lifetime_seconds: int) -> int:
        """Add one and return the count; the lifetime begins with a counter's first.

        Raises:
            RedisUnavailable: no answer.
            redis.exceptions.ResponseError: an answer, but an error.
        """
        run = self._script
        count = await self._redis.call(lambda: run(keys=[key], args=[lifetime_seconds]))
        return cast("int", count)
