"""Whoever asks while somebody else's question is under way asks together with all who wait."""

import asyncio
import contextvars
from collections.abc import Sequence

import pytest

from api.backends.batches import Batches


class Store:
    """Answers when it is told to, and knows what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.seen_by: list[str] = []
        self.answers = asyncio.Semaphore(0)
        self.error: Exception | None = None
        self.batches = Batches(self._ask)

    async def _ask(self, items: Sequence[int]) -> list[int]:
        self.asked.append(list(items))
        self.seen_by.append(who.get())
        await self.answers.acquire()
        if self.error is not None:
            raise self.error
        return [10 * item for item in items]

    def get(self, item: int) -> asyncio.Task[int]:
        """Ask, in a task and a context of its own."""
        context = contextvars.copy_context()
        context.run(who.set, f"who asks {item}")
        return asyncio.get_running_loop().create_task(self.batches.get(item), context=context)

    async def until_asked(self, times: int) -> None:
        """Let all others run until the store was asked so often."""
        while len(self.asked) < times:  # noqa: ASYNC110 - it is what is tested that runs
            await asyncio.sleep(0)


who = contextvars.ContextVar("who", default="nobody")


def test_alone_each_asks_at_once() -> None:
    """And gets the answer to its own question."""

    async def run() -> None:
        store = Store()
        for item in (1, 2):
            store.answers.release()
            assert await store.batches.get(item) == 10 * item
        assert store.asked == [[1], [2]]

    asyncio.run(run())


def test_those_who_come_meanwhile_ask_together_in_the_order_in_which_they_came() -> None:
    """In the context of the first of them, whose trace it is; who comes later waits anew."""

    async def run() -> None:
        store = Store()
        first = store.get(1)
        await store.until_asked(1)
        second = [store.get(item) for item in (2, 3, 2)]
        await asyncio.sleep(0)
        store.answers.release()
        await store.until_asked(2)
        third = store.get(4)
        await asyncio.sleep(0)
        store.answers.release()
        store.answers.release()
        assert await asyncio.gather(first, *second, third) == [10, 20, 30, 20, 40]
        assert store.asked == [[1], [2, 3, 2], [4]]
        assert store.seen_by == ["who asks 1", "who asks 2", "who asks 4"]
        store.answers.release()
        assert await store.batches.get(5) == 50

    asyncio.run(run())


def test_an_error_is_everybody_s_and_the_next_ones_ask_again() -> None:
    """Nobody waits for an answer that does not come."""

    async def run() -> None:
        store = Store()
        store.error = ValueError("no")
        first = store.get(1)
        await store.until_asked(1)
        others = [store.get(2), store.get(3)]
        await asyncio.sleep(0)
        store.answers.release()
        store.answers.release()
        found = await asyncio.gather(first, *others, return_exceptions=True)
        assert [type(each) for each in found] == [ValueError] * 3
        store.error = None
        store.answers.release()
        assert await store.batches.get(4) == 40

    asyncio.run(run())


def test_who_leaves_takes_nobody_along() -> None:
    """Neither the one that asks nor one that waits."""

    async def run() -> None:
        store = Store()
        first = store.get(1)
        await store.until_asked(1)
        leaving, staying = store.get(2), store.get(3)
        await asyncio.sleep(0)
        first.cancel()
        leaving.cancel()
        store.answers.release()
        assert await staying == 30
        with pytest.raises(asyncio.CancelledError):
            await first
        assert leaving.cancelled()

    asyncio.run(run())
