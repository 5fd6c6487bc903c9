"""One round trip for all who wait: what is asked for while one is under way goes together, next.

Alone, a request asks at once. Beside thirty others it shares what a round trip costs, most of which
is not the command: a connection of the pool, a write, a read, and Python around them.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    answer: asyncio.Future[Result]
    context: contextvars.Context = field(default_factory=contextvars.copy_context)


class Batches(Generic[Item, Result]):
    """Asks for many at a time.

    Args:
        ask: Returns the results of these items, in their order. What it raises all of them get.
    """

    def __init__(self, ask: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        self._ask = ask
        self._waiting: list[_Waiting[Item, Result]] = []
        self._is_asking = False
        self._task: asyncio.Task[None] | None = None  # the loop itself keeps no task alive

    async def get(self, item: Item) -> Result:
        """Return an item's result; raises what `ask` raises."""
        if self._is_asking:
            waiting = _Waiting[Item, Result](item, asyncio.get_running_loop().create_future())
            self._waiting.append(waiting)
            return await waiting.answer
        self._is_asking = True
        try:
            (result,) = await self._ask([item])
        finally:
            self._go_on()
        return result

    def _go_on(self) -> None:
        batch, self._waiting = self._waiting, []
        self._is_asking = bool(batch)
        if batch:
            # For traces it is the first one that asks.
            self._task = asyncio.get_running_loop().create_task(
                self._ask_for(batch), context=batch[0].context
            )

    async def _ask_for(self, batch: Sequence[_Waiting[Item, Result]]) -> None:
        try:
            results = await self._ask([each.item for each in batch])
        except Exception as error:  # noqa: BLE001 - it is for those who wait
            for each in batch:
                if not each.answer.done():
                    each.answer.set_exception(error)
        else:
            for each, result in zip(batch, results, strict=True):
                if not each.answer.done():
                    each.answer.set_result(result)
        finally:
            for each in batch:
                each.answer.cancel()  # nothing, unless this task is cancelled
            self._go_on()
