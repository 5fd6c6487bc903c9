"""One small way to measure any pool: of connections, of threads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import RLock
from time import perf_counter
from typing import TypeVar

from burnrate.telemetry.context import note_wait
from burnrate.telemetry.failures import failed
from burnrate.telemetry.metrics import Metrics, PoolOutcome
from burnrate.telemetry.pools.series import PoolSeries

T = TypeVar("T")


class PoolTimeout(Exception):
    """Nothing came free within the acquire time-out."""


class PoolFull(Exception):
    """So many wait already that one more was refused at once."""


class _Counts:
    """Who holds and who waits now."""

    __slots__ = ("lock", "pending", "used")

    def __init__(self) -> None:
        self.used = 0
        self.pending = 0
        # A garbage collection may give connections back while this thread is counting.
        self.lock = RLock()


class PoolMeter:
    """Counts attempts, waits and holds of one pool, and shows who holds and who waits.

    Threads may use it at once.

    Args:
        metrics: The families to write to.
        name: The value of the label `pool`.
        max_connections: The most that can be held at once, or what returns it; None: no limit.
        idle: Returns how many connections are open and not held.
        used: Returns how many are held, for a pool that gets some back unseen; by default those
            are counted that were taken and not `released`.
    """

    def __init__(
        self,
        metrics: Metrics,
        name: str,
        max_connections: int | Callable[[], int | None],
        idle: Callable[[], int],
        used: Callable[[], int] | None = None,
    ) -> None:
        self._name = name
        self._idle = idle
        self._read_used = used
        self._counts = _Counts()
        self._series = PoolSeries(metrics, name)
        self._max = max_connections
        self._max_family = metrics.pool_max_connections
        self._show_max()

    async def attempt(self, acquire: Callable[[], Awaitable[T]]) -> T:
        """Await `acquire`, counting the attempt, its outcome and its wait.

        What it returns counts as held until `released`. A waiter that is cancelled counts as
        `timeout`: whoever waited gave up. Exceptions pass through.

        Args:
            acquire: Raises `PoolTimeout` or `TimeoutError` where nothing came free in time and
                `PoolFull` where it did not even wait; anything else is an error of the pool.
        """
        # As `attempting`, whose generator each use would have to make.
        started = self.begin()
        try:
            held = await acquire()
        except BaseException as error:
            self.end(started, _outcome_of(error))
            raise
        self.end(started, "ok")
        return held

    @contextmanager
    def attempting(
        self, outcome_of: Callable[[BaseException], PoolOutcome | None] = lambda _: None
    ) -> Iterator[None]:
        """Count the block as an attempt: of a thread's or, where it awaits, of a task's.

        Args:
            outcome_of: Says what an exception of the block means; by default, and where it
                returns None, what it means for `attempt`.
        """
        started = self.begin()
        outcome: PoolOutcome = "ok"
        try:
            yield
        except BaseException as error:
            outcome = outcome_of(error) or _outcome_of(error)
            raise
        finally:
            self.end(started, outcome)

    def begin(self) -> float:
        """Say that somebody waits from now on, and return since when: for `end`."""
        self._count(pending=1)
        return perf_counter()

    def end(self, started: float, outcome: PoolOutcome) -> None:
        """Say how a wait has ended; after `ok` one more is held until `released`.

        Args:
            started: What `begin` returned.
            outcome: What came of it.
        """
        waited = perf_counter() - started
        self._series.count_wait(outcome, waited)
        note_wait(self._name, outcome, waited)
        self._count(pending=-1, used=1 if outcome == "ok" else 0)

    def released(self, held_seconds: float) -> None:
        """Say that one of what `attempt` returned is back, held for `held_seconds`."""
        self._series.count_use(held_seconds)
        self._count(used=-1)

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

    def follow(self, former: "PoolMeter") -> None:
        """Go on with the counts of a former meter of the same pool: who holds and who waits now."""
        self._counts = former._counts  # noqa: SLF001 - of its own kind
        former._read_used = former._idle = lambda: 0  # noqa: SLF001 - where its label is another

    def sample(self) -> None:
        """Show the present state; called by a timer, as idle connections close unseen."""
        self._show_max()
        with self._counts.lock:
            self._series.show_pending(self._counts.pending)
            self._show_connections()

    def _count(self, *, pending: int = 0, used: int = 0) -> None:
        counts = self._counts
        with counts.lock:
            counts.pending += pending
            counts.used += used
            if pending:
                self._series.show_pending(counts.pending)
            if used:
                self._show_connections()

    def _show_connections(self) -> None:
        try:
            used = self._counts.used if self._read_used is None else self._read_used()
            self._series.show_connections(used, self._idle())
        except Exception as error:  # noqa: BLE001 - the pool's own count; who waits is served
            failed("samples", error)

    def _show_max(self) -> None:
        try:
            most = self._max() if callable(self._max) else self._max
            if most is not None:
                self._max_family.labels(self._name).set(most)
        except Exception as error:  # noqa: BLE001 - the same
            failed("samples", error)


def _outcome_of(error: BaseException) -> PoolOutcome:
    if isinstance(error, (PoolTimeout, TimeoutError, asyncio.CancelledError)):
        return "timeout"
    return "full" if isinstance(error, PoolFull) else "error"
