"""What an application's pools are measured by: its own, and those of libraries as they are."""

import logging
from collections.abc import Callable
from typing import TypeVar

from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.pools import MeasuredExecutor, PoolMeter, measure_pool

T = TypeVar("T")
_log = logging.getLogger("burnrate.telemetry")


class PoolMeters:
    """Makes the meters of pools, and shows their state once a second.

    Args:
        metrics: The families to write to.
        add_sample: Has a function called once a second.
        is_measuring: Whether `measure` does anything to a pool of somebody else's.
    """

    def __init__(
        self,
        metrics: Metrics,
        add_sample: Callable[[Callable[[], None]], None],
        *,
        is_measuring: bool = True,
    ) -> None:
        self.metrics = metrics
        self._is_measuring = is_measuring
        self._meters: dict[str, PoolMeter] = {}
        self._pools: dict[str, int] = {}  # which one each label stands for, by its `id`
        add_sample(self._sample)

    def pool(
        self, name: str, *, max_connections: int, idle: Callable[[], int] = lambda: 0
    ) -> PoolMeter:
        """Return the meter of a pool; its state is shown once a second and at each change.

        Args:
            name: The value of the label `pool`: one of a closed set.
            max_connections: The most that this process may hold at once.
            idle: Returns how many connections are open and not held.
        """
        return self._keep(name, PoolMeter(self.metrics, name, max_connections, idle))

    def measure(self, pool: T, name: str | None = None) -> T:
        """Measure a pool of another library as it is, whoever uses it, and return it.

        Every attempt to take a connection counts from now on, with its wait and its outcome, and
        so does every hold. Call it once, where the pool is made, in the process that uses it or
        before it forks.

        Args:
            pool: A SQLAlchemy engine, a pool of psycopg_pool or asyncpg, a client or pool of
                redis-py, or a client of httpx: of threads or of asyncio.
            name: The value of the label `pool`; by default `postgres` (or what SQLAlchemy calls
                the database), `redis` or `http`. Two pools need two names.

        Raises:
            TypeError: It is none of those.
        """

        def make_meter(
            default: str,
            max_connections: Callable[[], int | None],
            idle: Callable[[], int],
            used: Callable[[], int] | None = None,
        ) -> PoolMeter:
            label = name or default
            if self._pools.get(label, id(pool)) != id(pool):
                _log.warning(
                    "a second pool is called %s: its state is shown from now on, not the first "
                    'one\'s; give each a name of its own: measure(pool, "...")',
                    label,
                )
            self._pools[label] = id(pool)
            return self._keep(label, PoolMeter(self.metrics, label, max_connections, idle, used))

        if self._is_measuring:
            measure_pool(pool, make_meter)
        return pool

    def executor(
        self,
        *,
        max_workers: int,
        max_pending: int,
        timeout_seconds: float,
        max_long: int | None = None,
        name: str = "cpu",
    ) -> MeasuredExecutor:
        """Return a bounded executor of threads, measured like a pool of connections.

        Args:
            max_workers: Threads of this process.
            max_pending: How many may wait for a thread; one more gets `PoolFull` at once.
            timeout_seconds: How long one waits for a thread before it gets `PoolTimeout`.
            max_long: Of the threads, how many `run_long` may hold; all of them by default.
            name: The value of the label `pool`.
        """
        return MeasuredExecutor(
            lambda idle: self.pool(name, max_connections=max_workers, idle=idle),
            max_workers=max_workers,
            max_pending=max_pending,
            timeout_seconds=timeout_seconds,
            max_long=max_long,
        )

    def _keep(self, name: str, meter: PoolMeter) -> PoolMeter:
        self._meters[name] = meter
        return meter

    def _sample(self) -> None:
        for meter in list(self._meters.values()):
            meter.sample()
