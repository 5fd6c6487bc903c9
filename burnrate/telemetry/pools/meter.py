"""One small way to measure any pool: of connections, of threads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TypeVar

from burnrate.telemetry.context import note_wait
from burnrate.telemetry.failures import failed
from burnrate.telemetry.metrics import POOL_OUTCOMES, Metrics

T = TypeVar("T")


class PoolTimeout(Exception):
    """Nothing came free within the acquire time-out."""


class PoolFull(Exception):
    """So many wait already that one more was refused at once."""


class PoolMeter:
    """Counts attempts, waits and holds of one pool, and shows who holds and who waits.

    Args:
        metrics: The families to write to.
        name: The value of the label `pool`.
        max_connections: The most that can be held at once.
        idle: Returns how many connections are open and not held.
    """

    def __init__(
        self, metrics: Metrics, name: str, max_connections: int, idle: Callable[[], int]
    ) -> None:
        self._name = name
        self._idle = idle
        self._used = 0
        self._pending = 0
        self._used_gauge = metrics.pool_connections.labels(name, "used")
        self._idle_gauge = metrics.pool_connections.labels(name, "idle")
        self._pending_gauge = metrics.pool_pending_requests.labels(name)
        self._outcomes = {each: metrics.pool_acquire.labels(name, each) for each in POOL_OUTCOMES}
        self._wait = metrics.pool_wait.labels(name)
        self._use = metrics.pool_use.labels(name)
        metrics.pool_max_connections.labels(name).set(max_connections)

    async def attempt(self, acquire: Callable[[], Awaitable[T]]) -> T:
        """Await `acquire`, counting the attempt, its outcome and its wait.

        What it returns counts as held until `released`. A waiter that is cancelled counts as
        `timeout`: whoever waited gave up. Exceptions pass through.

        Args:
            acquire: Raises `PoolTimeout` or `TimeoutError` where nothing came free in time and
                `PoolFull` where it did not even wait; anything else is an error of the pool.
        """
        started = perf_counter()
        self._set_pending(self._pending + 1)
        outcome = "error"
        try:
            held = await acquire()
            outcome = "ok"
        except (PoolTimeout, TimeoutError, asyncio.CancelledError):
            outcome = "timeout"
            raise
        except PoolFull:
            outcome = "full"
            raise
        finally:
            self._set_pending(self._pending - 1)
            self._outcomes[outcome].inc()
            waited = perf_counter() - started
            self._wait.observe(waited)
            note_wait(self._name, outcome, waited)
        self._set_used(self._used + 1)
        return held

    def released(self, held_seconds: float) -> None:
        """Say that one of what `attempt` returned is back, held for `held_seconds`."""
        self._use.observe(held_seconds)
        self._set_used(self._used - 1)

    @asynccontextmanager
    async def hold(
        self, acquire: Callable[[], Awaitable[T]], release: Callable[[T], Awaitable[None]]
    ) -> AsyncIterator[T]:
        """Acquire, hold for the block, release: for pools with nothing of their own to wrap.

        Args:
            acquire: As for `attempt`, which passes on what it raises.
            release: Takes back what `acquire` returned, however the block ends.
        """
        held = await self.attempt(acquire)
        started = perf_counter()
        try:
            yield held
        finally:
            try:
                await release(held)
            finally:
                self.released(perf_counter() - started)

    def sample(self) -> None:
        """Show the present state; also called by a timer, as idle connections close unseen."""
        self._used_gauge.set(self._used)
        try:
            self._idle_gauge.set(self._idle())
        except Exception as error:  # noqa: BLE001 - the pool's own count; who holds is served
            failed("samples", error)

    def _set_used(self, used: int) -> None:
        self._used = used
        self.sample()

    def _set_pending(self, pending: int) -> None:
        self._pending = pending
        self._pending_gauge.set(pending)
