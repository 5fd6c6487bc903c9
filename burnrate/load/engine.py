"""Makes requests at a steady rate, whatever the answers: an outage must not slow its own load."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from burnrate.load.dataset import Dataset
from burnrate.load.mix import Call, Mix, create_post, create_user, delete_user, process_text
from burnrate.load.stats import Stats

_TIMEOUT_SECONDS = 10.0
# A rate that the service cannot keep up with is held back here, and said so, instead of piling up.
_MOST_IN_FLIGHT = 100
# 10 a minute are allowed; this leaves one for the person at the keyboard.
_PROCESS_EVERY_SECONDS = 7.0
_SEED_USERS = 5
_SEED_POSTS = 20
_DRAIN_SECONDS = 5.0
_FEED_RETRY_SECONDS = 1.0
_SUCCESS = range(200, 300)


class LoadFailed(Exception):
    """The service does not take the load; the message is one line."""


@dataclass
class Engine:
    """One run of load against one address.

    Args:
        url: The service, without a slash at the end.
        rate: Requests a second.
        mix: What is asked for.
        feeds: How many WebSockets are kept open.
        is_processing: Whether `POST /process` is in it, at a rate its limit allows.
    """

    url: str
    rate: float
    mix: Mix
    dataset: Dataset
    feeds: int = 0
    is_processing: bool = True
    stats: Stats = field(default_factory=Stats)

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Make content, call `ready`, load until `stop`, and delete what was made.

        Raises:
            LoadFailed: the service does not take the content.
        """
        limits = httpx2.Limits(max_connections=_MOST_IN_FLIGHT, max_keepalive_connections=20)
        async with httpx2.AsyncClient(
            base_url=self.url, timeout=_TIMEOUT_SECONDS, limits=limits, trust_env=False
        ) as client:
            try:
                await self._seed(client)
                ready()
                async with self._beside(client):
                    await self._tick(client, stop)
            finally:
                await self._clean_up(client)

    async def _seed(self, client: httpx2.AsyncClient) -> None:
        for maker in [create_user] * _SEED_USERS + [create_post] * _SEED_POSTS:
            await self._send(client, maker(self.dataset))
            if maker is create_user and not self.dataset.users:
                break
        if not self.dataset.has_content:
            answers = ", ".join(str(status) for status in self.stats.statuses) or "no answer"
            raise LoadFailed(f"{self.url} does not take new users and posts: {answers}")

    async def _tick(self, client: httpx2.AsyncClient, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        tasks: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            if len(tasks) < _MOST_IN_FLIGHT and self.dataset.has_content:
                task = loop.create_task(self._send(client, self.mix.draw(self.dataset)))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            else:
                self.stats.held_back += 1
            # A stalled machine makes up for nothing: a burst would be a load nobody asked for.
            due = max(due + 1 / self.rate, loop.time() - 1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, due - loop.time()))
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_DRAIN_SECONDS)
            for task in late:
                task.cancel()

    async def _send(self, client: httpx2.AsyncClient, call: Call) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.stats.sent += 1
        self.stats.in_flight += 1
        try:
            response = await client.request(
                call.method, call.path, json=call.json, params=dict(call.params)
            )
        except httpx2.TransportError:
            self.stats.failed += 1
            return
        finally:
            self.stats.in_flight -= 1
        self.stats.answered(response.status_code, loop.time() - began)
        if call.learn is not None and response.status_code in _SUCCESS:
            call.learn(response.json())

    @asynccontextmanager
    async def _beside(self, client: httpx2.AsyncClient) -> AsyncIterator[None]:
        """Keep feeds open and documents coming for the block."""
        works = [self._listen() for _ in range(self.feeds)]
        if self.is_processing:
            works.append(self._process(client))
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _process(self, client: httpx2.AsyncClient) -> None:
        while True:
            await self._send(client, process_text(self.dataset))
            await asyncio.sleep(_PROCESS_EVERY_SECONDS)

    async def _listen(self) -> None:
        address = f"ws{self.url.removeprefix('http')}/feed"
        while True:
            with contextlib.suppress(OSError, TimeoutError, WebSocketException):
                async with connect(address, proxy=None, open_timeout=_TIMEOUT_SECONDS) as feed:
                    self.stats.feeds += 1
                    try:
                        async for _ in feed:
                            self.stats.feed_messages += 1
                    finally:
                        self.stats.feeds -= 1
            await asyncio.sleep(_FEED_RETRY_SECONDS)

    async def _clean_up(self, client: httpx2.AsyncClient) -> None:
        """Delete every user that was made, and with them their posts; as far as that works."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while self.dataset.users:
                    await self._send(client, delete_user(self.dataset, self.dataset.users[0]))
