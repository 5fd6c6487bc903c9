"""The one way in which a test waits: for a condition, never for a time."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic, sleep
from typing import TypeVar

T = TypeVar("T")

# Only ends a test that fails: on a machine with load 20 everything takes twenty times as long.
PATIENCE_SECONDS = 180.0
_EVERY_SECONDS = 0.1


def wait_until(
    condition: Callable[[], T],
    what: str = "the condition",
    *,
    seconds: float = PATIENCE_SECONDS,
    every_seconds: float = _EVERY_SECONDS,
) -> T:
    """Return what `condition` gives as soon as that is true.

    Args:
        condition: Asked again and again; what it raises ends the wait.
        what: Said when it takes too long.
        seconds: How long is too long: an end for a test that fails, not a limit that is under test.
        every_seconds: The pause between two tries, longer where asking costs the asked work.

    Raises:
        AssertionError: It took too long.
    """
    deadline = monotonic() + seconds
    while not (found := condition()):
        assert monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        sleep(every_seconds)
    return found


async def wait_until_async(
    condition: Callable[[], bool | Awaitable[bool]],
    what: str = "the condition",
    *,
    seconds: float = PATIENCE_SECONDS,
    every_seconds: float = 0.01,
) -> None:
    """Return once `condition` holds, which may be a coroutine; the event loop goes on meanwhile.

    Raises:
        AssertionError: It took too long.
    """
    deadline = monotonic() + seconds
    while not (await found if isinstance(found := condition(), Awaitable) else found):
        assert monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        await asyncio.sleep(every_seconds)
