"""Small meters for what a service does besides answering: caches, limits, background tasks."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from time import perf_counter
from typing import Any, Literal, ParamSpec

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.concurrency import run_in_threadpool

from burnrate.telemetry.metrics import (
    CACHE_RESULTS,
    HTTP_SECONDS,
    RATE_LIMIT_DECISIONS,
    TASK_OUTCOMES,
    Metrics,
)

P = ParamSpec("P")
OverWorkers = Literal["sum", "min", "max", "mostrecent", "each"]
_log = logging.getLogger("burnrate.background")


class OwnMetrics:
    """Makes metrics of the application's own, right with any number of workers.

    Args:
        registry: Where they are registered, and so shown.
        add_sample: Has a function called once a second.

    Attributes:
        registry: The same.
    """

    def __init__(
        self, registry: CollectorRegistry, add_sample: Callable[[Callable[[], None]], None]
    ) -> None:
        self.registry = registry
        self._add_sample = add_sample

    def counter(self, name: str, text: str, labels: Sequence[str] = ()) -> Counter:
        """Return a counter of the application's own, right with any number of workers.

        Args:
            name: The family's; `_total` is added where it is missing.
            text: What it counts: its help text.
            labels: Names; their values must be a closed set, and nothing that a client sends.

        Raises:
            ValueError: The name is taken.
        """
        return Counter(name, text, labels, registry=self.registry)

    def gauge(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        *,
        over_workers: OverWorkers = "sum",
        read: Callable[[], float] | None = None,
    ) -> Gauge:
        """Return a gauge of the application's own; workers that are gone are not in it.

        Args:
            name: The family's.
            text: What it shows: its help text.
            labels: As for `counter`.
            over_workers: What is shown of several workers' values; `each` adds the label `pid`.
            read: Called once a second for the value, in the event loop; only without labels.

        Raises:
            ValueError: The name is taken, or there is something to read and labels.
        """
        if read is not None and labels:
            raise ValueError("a gauge that is read has no labels")
        mode: Any = f"live{over_workers}" if over_workers != "each" else "liveall"
        gauge = Gauge(name, text, labels, registry=self.registry, multiprocess_mode=mode)
        if read is not None:
            self._add_sample(lambda: gauge.set(read()))
        return gauge

    def histogram(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        *,
        buckets: Sequence[float] = HTTP_SECONDS,
    ) -> Histogram:
        """Return a histogram of the application's own, right with any number of workers.

        Args:
            name: The family's, with its unit: `order_seconds`.
            text: What it measures: its help text.
            labels: As for `counter`.
            buckets: Upper bounds; by default those of request durations, in seconds.

        Raises:
            ValueError: The name is taken.
        """
        return Histogram(name, text, labels, registry=self.registry, buckets=buckets)


class CacheMeter:
    """Counts a cache's look-ups by result."""

    def __init__(self, metrics: Metrics, cache: str) -> None:
        self._results = {each: metrics.cache_requests.labels(cache, each) for each in CACHE_RESULTS}

    def hit(self) -> None:
        """Count a look-up that was answered."""
        self._results["hit"].inc()

    def miss(self) -> None:
        """Count a look-up that found nothing."""
        self._results["miss"].inc()

    def error(self) -> None:
        """Count a look-up that the store could not serve."""
        self._results["error"].inc()


class RateLimitMeter:
    """Counts a rate limit's decisions."""

    def __init__(self, metrics: Metrics, limit: str) -> None:
        self._decisions = {
            each: metrics.rate_limit_decisions.labels(limit, each) for each in RATE_LIMIT_DECISIONS
        }

    def allowed(self) -> None:
        """Count a request within the limit."""
        self._decisions["allowed"].inc()

    def limited(self) -> None:
        """Count a request over the limit."""
        self._decisions["limited"].inc()

    def unavailable(self) -> None:
        """Count a request that was let through because the limit's store did not answer."""
        self._decisions["unavailable"].inc()


def measured_task(
    metrics: Metrics, task: str, function: Callable[P, Awaitable[None] | None]
) -> Callable[P, Coroutine[None, None, None]]:
    """Wrap a background task: counted, timed, a failure logged and not raised.

    The answer has gone out before the task begins. A plain function runs in the thread pool, as
    Starlette's own background tasks do: the event loop goes on serving requests.

    Args:
        metrics: The families to write to.
        task: The value of the label `task`: one of a closed set.
        function: Plain or `async`.
    """
    is_async = _is_async(function)
    outcomes = {each: metrics.background_tasks.labels(task, each) for each in TASK_OUTCOMES}
    duration = metrics.background_task_duration.labels(task)

    async def run(*args: P.args, **kwargs: P.kwargs) -> None:
        started = perf_counter()
        outcome = "error"
        try:
            result: Awaitable[None] | None
            if is_async:
                result = function(*args, **kwargs)
            else:
                result = await run_in_threadpool(function, *args, **kwargs)
            if inspect.isawaitable(result):  # of a plain function that returns a coroutine
                await result
            outcome = "ok"
        except Exception:  # noqa: BLE001 - whatever it raises, nobody is left to raise to
            _log.exception("background task failed", extra={"task": task})
        finally:
            outcomes[outcome].inc()
            duration.observe(perf_counter() - started)

    return run


def _is_async(function: object) -> bool:
    """Say whether a call returns a coroutine: of a function, a `partial`, an object with one."""
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - of an instance, to look at it
    )
