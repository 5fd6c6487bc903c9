"""A store for a moment: opened, used and closed, as a process does."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from alerting.inbox.store import Store

T = TypeVar("T")


def with_store(path: Path, use: Callable[[Store], Awaitable[T]]) -> T:
    """Return what some use of the store in a file returns."""

    async def run() -> T:
        store = Store(path)
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())
