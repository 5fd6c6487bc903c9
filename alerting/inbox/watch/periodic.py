"""Runs periodic jobs beside the requests, and ends with the process."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from types import FrameType

Job = Callable[[], Awaitable[None]]
# Longer than any job needs to clean up.
_HEARD_WITHIN_SECONDS = 1.0


@asynccontextmanager
async def running(*jobs: tuple[float, Job]) -> AsyncIterator[None]:
    """Run each job every so many seconds, the first time at once, until the block ends.

    The jobs are measured by the telemetry, which logs a failure and does not raise it.
    """
    tasks = [asyncio.create_task(_repeat(seconds, job)) for seconds, job in jobs]
    try:
        yield
    finally:
        await _end(tasks)


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until it is heard: a job may lose a cancellation that comes with what it waits for."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_HEARD_WITHIN_SECONDS)


async def _repeat(seconds: float, job: Job) -> None:
    while True:
        await job()
        await asyncio.sleep(seconds)


@contextlib.contextmanager
def calling_at_exit(function: Callable[[], None]) -> Iterator[None]:
    """Call a function in the event loop as soon as the process is asked to end.

    The server waits for open responses before it tells the application that it is over, and a
    stream of changes would stay open for ever. Outside the main thread there are no signals.
    """
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, object] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(function)
        previous = before[signal.Signals(number)]
        if callable(previous):
            previous(number, frame)

    with contextlib.suppress(ValueError):  # not the main thread
        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.getsignal(number)
            signal.signal(number, handle)
    try:
        yield
    finally:
        for number, previous in before.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, previous)  # type: ignore[arg-type] # what getsignal gave
