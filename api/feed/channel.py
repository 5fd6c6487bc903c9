"""Redis pub/sub between the workers.

At most once: what is published while a worker has no connection does not reach its clients, who
are told that the feed is not live.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import BaseModel
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.backends.redis import RedisBackend, connection_options
from api.feed.hub import Hub
from api.settings import RedisSettings

logger = logging.getLogger(__name__)

_CHANNEL = "feed"
# A silently broken connection is noticed after two of these.
_PING_SECONDS = 2.0
_FIRST_RETRY_SECONDS = 0.25
_LONGEST_RETRY_SECONDS = 3.0


class Announcement(BaseModel):
    """A message of the feed."""

    type: str
    post: BaseModel

    def encode(self) -> str:
        """Return it as clients get it."""
        return self.model_dump_json(serialize_as_any=True)


class Channel:
    """Publishes, and passes what any worker publishes to this worker's hub.

    The listener has a connection of its own: it is held for good, and in the pool it would only
    make the pool look busy.
    """

    def __init__(self, redis: RedisBackend, settings: RedisSettings, hub: Hub) -> None:
        self._redis = redis
        self._hub = hub
        self._listener: Redis = Redis(**connection_options(settings))

    async def announce(self, post: BaseModel) -> None:
        """Publish a new post.

        Raises:
            RedisUnavailable: nobody was told.
        """
        message = Announcement(type="post", post=post).encode()
        await self._redis.call(lambda: self._redis.client.publish(_CHANNEL, message))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen for the block, reconnecting as often as it takes."""
        listening = asyncio.create_task(self._listen_for_ever(), name="feed-listener")
        try:
            yield
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
            await self._listener.aclose()

    async def _listen_for_ever(self) -> None:
        delay = _FIRST_RETRY_SECONDS
        while True:
            try:
                async for message in self._messages():
                    delay = _FIRST_RETRY_SECONDS
                    self._hub.broadcast(message)
            except (RedisError, OSError, TimeoutError) as error:
                self._hub.set_live(is_live=False)
                logger.info("feed interrupted", extra={"reason": type(error).__name__})
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            delay = min(delay * 2, _LONGEST_RETRY_SECONDS)

    async def _messages(self) -> AsyncIterator[str]:
        async with self._listener.pubsub() as pubsub:
            await pubsub.subscribe(_CHANNEL)
            is_waiting = True  # for a sign of life: the subscription's confirmation, then pongs
            while True:
                message = await pubsub.get_message(timeout=_PING_SECONDS)
                if message is None:
                    if is_waiting:
                        raise TimeoutError("no answer")
                    await pubsub.ping()
                    is_waiting = True
                    continue
                is_waiting = False
                self._hub.set_live(is_live=True)
                if message["type"] == "message":
                    yield message["data"].decode()
