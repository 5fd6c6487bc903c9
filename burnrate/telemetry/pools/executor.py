"""A bounded executor for CPU-bound work, measured like any other pool."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from functools import partial
from time import perf_counter
from typing import ParamSpec, TypeVar

from opentelemetry import trace

from burnrate.telemetry.pools.meter import PoolFull, PoolMeter, PoolTimeout

P = ParamSpec("P")
T = TypeVar("T")

_tracer = trace.get_tracer("burnrate.telemetry.executor")


class MeasuredExecutor:
    """Runs functions in threads; waits, holds and refusals are those of a pool.

    Args:
        make_meter: Makes the pool's meter from a function that returns how many threads are free.
        max_workers: Threads.
        max_pending: Waiters beyond which one more is refused at once.
        timeout_seconds: How long one waits for a thread.
        max_long: Threads that `run_long` may hold; all of them by default.
    """

    def __init__(
        self,
        make_meter: Callable[[Callable[[], int]], PoolMeter],
        *,
        max_workers: int,
        max_pending: int,
        timeout_seconds: float,
        max_long: int | None = None,
    ) -> None:
        self._threads = ThreadPoolExecutor(max_workers, thread_name_prefix="cpu")
        self._slots = asyncio.Semaphore(max_workers)
        self._long = asyncio.Semaphore(max_long or max_workers)
        self._max_pending = max_pending
        self._pending = 0
        self._timeout = timeout_seconds
        self._free = max_workers
        self._meter = make_meter(lambda: self._free)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return `function(*args, **kwargs)`, run in a thread that sees the request's context.

        A thread cannot be interrupted: where the caller is cancelled the function still runs to
        its end, and its thread counts as held until then.

        Raises:
            PoolFull: too many wait already.
            PoolTimeout: no thread came free in time.
        """
        return await self._run((self._slots,), partial(function, *args, **kwargs))

    async def run_long(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do as `run`, for what takes long: `max_long` at once, so that the rest finds a thread."""
        return await self._run((self._long, self._slots), partial(function, *args, **kwargs))

    async def _run(self, turns: Sequence[asyncio.Semaphore], function: "partial[T]") -> T:
        await self._meter.attempt(partial(self._take, turns))
        started = perf_counter()
        loop = asyncio.get_running_loop()

        def give_back(_: object) -> None:
            for turn in turns:
                turn.release()
            self._free += 1
            self._meter.released(perf_counter() - started)

        with _tracer.start_as_current_span(f"executor {_name(function.func)}"):
            context = copy_context()
            try:
                work: Future[T] = self._threads.submit(context.run, function)
            except RuntimeError:  # shut down between the wait and now
                give_back(None)
                raise
            work.add_done_callback(lambda done: _call_in(loop, give_back, done))
            return await asyncio.wrap_future(work)

    def shutdown(self) -> None:
        """Take no more work and wait for what runs, however long; what waits is cancelled."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _take(self, turns: Sequence[asyncio.Semaphore]) -> None:
        if self._pending >= self._max_pending and any(turn.locked() for turn in turns):
            raise PoolFull(f"{self._pending} wait for a thread already")
        self._pending += 1
        try:
            async with asyncio.timeout(self._timeout):
                await _acquire(turns)
            self._free -= 1
        except TimeoutError as error:
            raise PoolTimeout(f"no thread within {self._timeout} s") from error
        finally:
            self._pending -= 1


async def _acquire(turns: Sequence[asyncio.Semaphore]) -> None:
    """Acquire all of them or, where that is cancelled, none."""
    with ExitStack() as acquired:
        for turn in turns:
            await turn.acquire()
            acquired.callback(turn.release)
        acquired.pop_all()


def _call_in(
    loop: asyncio.AbstractEventLoop, function: Callable[[object], None], argument: object
) -> None:
    try:
        loop.call_soon_threadsafe(function, argument)
    except RuntimeError:  # the loop closed while the thread still ran: nobody reads the gauge
        return


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__qualname__", type(function).__name__)
