"""Reads charts and tables for open pages: each at most once in a while, however many ask."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Generic, TypeVar

from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.watch.prometheus.client import PrometheusClient, Series, Span
from alerting.inbox.watch.prometheus.panels import Panel, queries_of_routes

T = TypeVar("T")
_FRESH_SECONDS: Final = 15.0
_TIMEOUT_SECONDS: Final = 4.0
_POINTS: Final = 240
_SHORTEST_STEP: Final = 15.0
# Of small answers; there are five charts of each SLO in each range.
_MOST_KEPT: Final = 256
_MOST_ROUTES: Final = 10
# Counting all requests of a month, route by route, takes Prometheus too long.
_LONGEST_OF_ROUTES: Final = 86_400


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart's lines over the same times; None where Prometheus has nothing."""

    panel: Panel
    times: tuple[float, ...]
    lines: tuple[tuple[str, tuple[float | None, ...]], ...]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """What one route of a service did.

    Attributes:
        requests: A second.
        failed: A second, answered with 5xx.
        p99_seconds: The time within which 99 % were answered; None if that is not known.
    """

    method: str
    endpoint: str
    requests: float
    failed: float
    p99_seconds: float | None


@dataclass(frozen=True, slots=True)
class Routes:
    """The worst routes, the worst first, of so many in all, over so many seconds."""

    worst: tuple[Route, ...]
    number: int
    seconds: int


def step_of(seconds: float) -> float:
    """Return the distance of two points of a chart over so many seconds."""
    return max(_SHORTEST_STEP, seconds / _POINTS)


class ChartReader:
    """Reads them from Prometheus."""

    def __init__(
        self,
        prometheus: PrometheusClient | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take whom to ask, if there is one, and seconds that only grow."""
        self._prometheus = prometheus
        self._charts: _Kept[Chart] = _Kept(clock)
        self._route_lists: _Kept[Routes] = _Kept(clock)

    async def chart(self, key: tuple[str, ...], panel: Panel, seconds: float) -> Chart:
        """Return a chart of the last so many seconds.

        Args:
            key: What tells this panel from those of other SLOs and services.
            panel: What to ask.
            seconds: How much.

        Raises:
            UpstreamUnavailableError: Prometheus does not answer in time.
        """
        full = (*key, panel.name, str(seconds))
        return await self._charts.get(full, lambda: self._chart(panel, seconds))

    async def routes(self, service: Mapping[str, str], seconds: float, *, is_slow: bool) -> Routes:
        """Return a service's worst routes in the last so many seconds, or in the last day.

        Args:
            service: The labels that name it.
            seconds: How much to look at.
            is_slow: Whether the slowest are the worst, and not those with most failures.

        Raises:
            UpstreamUnavailableError: Prometheus does not answer in time.
        """
        full = (*service.values(), str(seconds), str(is_slow))
        return await self._route_lists.get(
            full, lambda: self._routes(service, seconds, is_slow=is_slow)
        )

    async def _chart(self, panel: Panel, seconds: float) -> Chart:
        step = step_of(seconds)
        # On a grid, so that a point stays where it is while the chart moves on.
        end = time.time() // step * step
        count = round(seconds / step)
        span = Span(end - count * step, end, step)
        answers = await self._ask(
            *(self._asked.over(query, span, _TIMEOUT_SECONDS) for _, query in panel.queries)
        )
        times = tuple(span.start + number * step for number in range(count + 1))
        lines = tuple(
            (name, _on_grid(found, span, count))
            for (name, _), found in zip(panel.queries, answers, strict=True)
        )
        return Chart(panel, times, lines, datetime.now(UTC))

    async def _routes(self, service: Mapping[str, str], seconds: float, *, is_slow: bool) -> Routes:
        length = int(min(seconds, _LONGEST_OF_ROUTES))
        queries = queries_of_routes(service, length)
        requests, failed, p99 = await self._ask(
            *(
                self._asked.instant(query, _TIMEOUT_SECONDS)
                for query in (queries.requests, queries.failed, queries.p99)
            )
        )
        failed_of, p99_of = _by_route(failed), _by_route(p99)
        routes = [
            Route(*name, number, failed_of.get(name, 0.0), p99_of.get(name))
            for name, number in _by_route(requests).items()
        ]
        routes.sort(key=partial(_badness, is_slow=is_slow), reverse=True)
        return Routes(tuple(routes[:_MOST_ROUTES]), len(routes), length)

    @property
    def _asked(self) -> PrometheusClient:
        if self._prometheus is None:
            raise UpstreamUnavailableError("Prometheus: INBOX_PROMETHEUS_URL is not set")
        return self._prometheus

    async def _ask(self, *queries: Awaitable[list[Series]]) -> list[list[Series]]:
        return await asyncio.gather(*queries)


class _Kept(Generic[T]):
    """Answers that are young; who asks for one that is on its way waits for the same."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tasks: OrderedDict[tuple[str, ...], tuple[float, asyncio.Task[T]]] = OrderedDict()

    async def get(self, key: tuple[str, ...], make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        at, task = self._tasks.get(key, (0.0, None))
        if task is None or (task.done() and self._clock() - at >= _FRESH_SECONDS):
            task = asyncio.create_task(make())
            # A failure that nobody waits for any more is no news.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._tasks[key] = (self._clock(), task)
            self._tasks.move_to_end(key)
            while len(self._tasks) > _MOST_KEPT:
                self._tasks.popitem(last=False)
        # A client that leaves takes nothing away from the others.
        return await asyncio.shield(task)


def _badness(route: Route, *, is_slow: bool) -> tuple[float, float]:
    seconds = route.p99_seconds or 0.0
    return (seconds, route.failed) if is_slow else (route.failed, seconds)


def _on_grid(found: list[Series], span: Span, count: int) -> tuple[float | None, ...]:
    values: list[float | None] = [None] * (count + 1)
    for series in found[:1]:
        for at, value in series.points:
            index = round((at - span.start) / span.step)
            if 0 <= index <= count:
                values[index] = value
    return tuple(values)


def _by_route(found: list[Series]) -> dict[tuple[str, str], float]:
    return {
        (series.metric.get("method", ""), series.metric.get("endpoint", "")): series.number
        for series in found
        if series.number is not None
    }
