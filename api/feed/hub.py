"""The clients of the feed in this process: each has a bounded queue and waits for no other."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager


class FeedFull(Exception):
    """This process has as many clients as it accepts."""


class Subscription:
    """The messages that one client has not been sent yet.

    Attributes:
        overrun: Set when the client fell so far behind that a message for it was lost.
    """

    def __init__(self, queue_length: int) -> None:
        self._queue: asyncio.Queue[str] = asyncio.Queue(queue_length)
        self.overrun = asyncio.Event()

    def offer(self, message: str) -> None:
        """Queue a message if there is room."""
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.overrun.set()

    async def next(self) -> str:
        """Return the next message as soon as there is one."""
        return await self._queue.get()


class Hub:
    """Hands each message to every client of this process."""

    def __init__(self, *, max_clients: int, queue_length: int) -> None:
        self._max_clients = max_clients
        self._queue_length = queue_length
        self._subscriptions: set[Subscription] = set()
        self._is_live = False

    @contextmanager
    def subscribed(self) -> Iterator[Subscription]:
        """Subscribe for the block; the first message says whether the feed is live.

        Raises:
            FeedFull: there are too many clients.
        """
        if len(self._subscriptions) >= self._max_clients:
            raise FeedFull
        subscription = Subscription(self._queue_length)
        subscription.offer(self._status())
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def broadcast(self, message: str) -> None:
        """Offer a message to every client."""
        for subscription in self._subscriptions:
            subscription.offer(message)

    def set_live(self, *, is_live: bool) -> None:
        """Tell every client when the feed stops or resumes."""
        if is_live != self._is_live:
            self._is_live = is_live
            self.broadcast(self._status())

    def _status(self) -> str:
        return json.dumps({"type": "status", "live": self._is_live})
