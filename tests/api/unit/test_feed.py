"""The feed inside one process: everyone is served, and nobody waits for anybody."""

import asyncio
import json

import pytest

from api.feed.hub import FeedFull, Hub
from api.feed.routes import CLOSE_TOO_SLOW, _serve
from tests.support.waiting import wait_until_async


class FakeWebSocket:
    """A client that can stop reading."""

    def __init__(self, *, is_stuck: bool = False) -> None:
        self.sent: list[str] = []
        self.close_code: int | None = None
        self._is_stuck = is_stuck
        self.leaving = asyncio.Event()

    async def send_text(self, text: str) -> None:
        """Take a message, or for ever."""
        if self._is_stuck:
            await asyncio.Event().wait()
        self.sent.append(text)

    async def receive(self) -> dict[str, str]:
        """Say nothing until it leaves."""
        await self.leaving.wait()
        return {"type": "websocket.disconnect"}

    async def close(self, code: int, reason: str) -> None:
        """Be closed."""
        del reason
        self.close_code = code


def _hub(max_clients: int = 10, queue_length: int = 3) -> Hub:
    return Hub(max_clients=max_clients, queue_length=queue_length)


def test_client_that_does_not_read_is_cut_off_and_others_are_not() -> None:
    """The queue is bounded, and a broadcast never waits."""

    async def scenario() -> None:
        hub, stuck, well = _hub(), FakeWebSocket(is_stuck=True), FakeWebSocket()
        with hub.subscribed() as slow, hub.subscribed() as quick:
            serving = [
                asyncio.create_task(_serve(stuck, slow)),  # type: ignore[arg-type]
                asyncio.create_task(_serve(well, quick)),  # type: ignore[arg-type]
            ]
            for number in range(10):
                hub.broadcast(str(number))
                await wait_until_async(lambda: str(number) in well.sent, "the message")  # noqa: B023
            await serving[0]
            well.leaving.set()
            await serving[1]
        assert stuck.close_code == CLOSE_TOO_SLOW
        assert well.sent[1:] == [str(number) for number in range(10)]
        assert well.close_code is None

    asyncio.run(scenario())


def test_first_message_says_whether_the_feed_is_live() -> None:
    """And each change is told once."""

    async def scenario() -> None:
        hub = _hub(queue_length=10)
        with hub.subscribed() as subscription:
            for is_live in (True, True, False, False):
                hub.set_live(is_live=is_live)
            told = [json.loads(await subscription.next())["live"] for _ in range(3)]
        assert told == [False, True, False]

    asyncio.run(scenario())


def test_one_client_too_many_is_refused_until_one_leaves() -> None:
    """Each has a queue, and memory is not endless."""
    hub = _hub(max_clients=1)
    with hub.subscribed(), pytest.raises(FeedFull), hub.subscribed():
        pass
    with hub.subscribed():
        pass
