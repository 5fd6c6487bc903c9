"""The series of one pool, their values at hand.

A request may use a pool several times, and each use writes ten values. The client library's methods
look at their arguments and search buckets from below; here both are known to be right. Decision 12
names the private attributes and the tests that hold them.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from burnrate.telemetry.metrics import POOL_OUTCOMES, Metrics, PoolOutcome


class PoolSeries:
    """What is written at each use of a pool.

    Args:
        metrics: The families.
        name: The value of the label `pool`.
    """

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._used = _value(metrics.pool_connections.labels(name, "used"))
        self._idle = _value(metrics.pool_connections.labels(name, "idle"))
        self._pending = _value(metrics.pool_pending_requests.labels(name))
        self._outcomes = {
            each: _value(metrics.pool_acquire.labels(name, each)) for each in POOL_OUTCOMES
        }
        self._wait = _Durations(metrics.pool_wait.labels(name))
        self._use = _Durations(metrics.pool_use.labels(name))

    def show_pending(self, count: int) -> None:
        """Show how many wait now."""
        self._pending.set(count)

    def show_connections(self, used: int, idle: int) -> None:
        """Show how many are held, and open and not held."""
        self._used.set(used)
        self._idle.set(idle)

    def count_wait(self, outcome: PoolOutcome, seconds: float) -> None:
        """Count an attempt, and how long it waited."""
        self._outcomes[outcome].inc(1.0)
        self._wait.observe(seconds)

    def count_use(self, seconds: float) -> None:
        """Count how long one was held."""
        self._use.observe(seconds)


class _Durations:
    """A histogram, written into by its values; by public calls where they have another name."""

    __slots__ = ("_bounds", "_buckets", "_sum", "observe")

    def __init__(self, histogram: Histogram) -> None:
        self.observe: Callable[[float], None] = self._observe
        try:
            self._sum: Any = histogram._sum  # noqa: SLF001
            self._bounds = histogram._upper_bounds  # noqa: SLF001
            self._buckets: list[Any] = histogram._buckets  # noqa: SLF001
        except AttributeError:
            self.observe = histogram.observe

    def _observe(self, seconds: float) -> None:
        self._sum.inc(seconds)
        self._buckets[bisect_left(self._bounds, seconds)].inc(1.0)


def _value(metric: Counter | Gauge) -> Any:  # noqa: ANN401 - a private class, or the metric itself
    return getattr(metric, "_value", metric)
