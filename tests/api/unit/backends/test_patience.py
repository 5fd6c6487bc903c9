"""A time-out that leaves out what the event loop itself was late."""

import asyncio
import time

import pytest

from api.backends.patience import Patience

_SHORT_SECONDS = 0.01


async def _never() -> None:
    await asyncio.Event().wait()


async def _busy() -> None:
    """Keep the event loop at other work, all the time."""
    while True:
        time.sleep(_SHORT_SECONDS)  # noqa: ASYNC251 - what a loop does that serves many
        await asyncio.sleep(0)


def test_an_answer_that_nobody_has_looked_at_is_one() -> None:
    """The loop was away for ten times the time; the answer takes some turns to be seen."""

    async def scenario() -> str:
        asyncio.get_running_loop().call_soon(time.sleep, 10 * _SHORT_SECONDS)
        async with Patience(_SHORT_SECONDS):
            for _ in range(10):  # more than a time-out takes from its timer to the block
                await asyncio.sleep(0)
            return "answer"

    assert asyncio.run(scenario()) == "answer"


def test_silence_ends() -> None:
    """As with any time-out."""

    async def scenario() -> None:
        async with Patience(_SHORT_SECONDS):
            await _never()

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())


def test_silence_ends_also_in_a_loop_that_is_always_busy() -> None:
    """Else a server that hangs would hold each request for as long as there are others."""

    async def scenario() -> None:
        busy = asyncio.create_task(_busy())
        try:
            async with Patience(_SHORT_SECONDS):
                await _never()
        finally:
            busy.cancel()

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())


def test_who_is_cancelled_has_not_waited_too_long() -> None:
    """A client that leaves says nothing about the server."""

    async def wait() -> None:
        async with Patience(3600):
            await _never()

    async def scenario() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())


def test_an_error_passes_and_nothing_fires_afterwards() -> None:
    """What the block raises is what the caller sees; its time is over with it."""
    fired = []

    async def scenario() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: fired.append(context))
        with pytest.raises(ValueError, match="mine"):
            async with Patience(0):
                raise ValueError("mine")
        # A timer that was left would be due in the next turn, and find its time-out over.
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(scenario())
    assert not fired
