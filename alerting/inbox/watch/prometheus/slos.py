"""Reads the SLOs from the series that Prometheus records for them.

The names of these series stand here and in `panels.py`, and nowhere else in the inbox.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.watch.prometheus.client import PrometheusClient, Series, Span
from alerting.inbox.watch.prometheus.slo import NO_ANSWER, Key, Slo, SloFigures, key_of
from alerting.inbox.watch.prometheus.slo_series import (
    BUDGET_LEFT,
    DEPENDS_ON,
    EVERYTHING,
    LAST_MEASURED,
    SERVICE_JOBS,
    Found,
)

_log = logging.getLogger(__name__)

# As many points as a small line has pixels to show.
_POINTS: Final = 120
# Prometheus' own scrapes and rules are no closer together.
_SHORTEST_STEP: Final = 15.0
_SHORTEST_LINE: Final = 300.0
# The budget moves slowly, and its line is the dearest to ask for.
_LINES_SECONDS: Final = 60.0
_PERIOD_SECONDS: Final = 30 * 86_400.0
_TIMEOUT_SECONDS: Final = 3.0
_NOT_YET: Final = "Prometheus has not been asked yet."
_Line = tuple[tuple[float, float], ...]


class SloReader:
    """Reads them each time it is called, and remembers the last figures for whoever asks."""

    def __init__(
        self,
        prometheus: PrometheusClient | None,
        identity_labels: tuple[str, ...] = ("service",),
        on_news: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take whom to ask, if there is one.

        Args:
            prometheus: Answers queries, or None.
            identity_labels: The labels that together name a service.
            on_news: Called when Prometheus begins or ceases to answer.
            clock: Seconds that only grow.
        """
        self._prometheus = prometheus
        self._identity_labels = identity_labels
        self._on_news = on_news
        self._clock = clock
        self._lines: dict[Key, _Line] = {}
        self._lines_at = -math.inf
        # None: not in the last day.
        self._measured_at: dict[Key, datetime | None] = {}
        self._line_seconds = 0.0
        self._dependencies: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._jobs: dict[tuple[str, ...], tuple[str, str]] = {}
        is_asked = prometheus is not None
        problem = _NOT_YET if is_asked else "INBOX_PROMETHEUS_URL is not set."
        self._figures = SloFigures(problem=problem, identity_labels=identity_labels)

    def latest(self) -> SloFigures:
        """Return the newest figures, at once; old ones with the problem when Prometheus fails."""
        return self._figures

    async def __call__(self) -> None:
        """Read them once."""
        if self._prometheus is None:
            return
        before = self._figures.problem
        self._figures = await self._read(self._prometheus)
        if self._figures.problem != before:
            self._on_news()

    async def _read(self, prometheus: PrometheusClient) -> SloFigures:
        try:
            slos = await self._slos(prometheus)
        except UpstreamUnavailableError as error:
            if self._figures.problem != NO_ANSWER:
                _log.warning("the SLOs cannot be read", extra={"reason": str(error)})
            return replace(self._figures, problem=NO_ANSWER)
        problem = None if slos else "Prometheus has no recorded SLO yet."
        return SloFigures(
            slos=slos,
            read_at=datetime.now(UTC),
            problem=problem,
            identity_labels=self._identity_labels,
            line_seconds=self._line_seconds,
            dependencies=self._dependencies,
            jobs=self._jobs,
        )

    async def _slos(self, prometheus: PrometheusClient) -> tuple[Slo, ...]:
        found: dict[Key, Found] = {}
        depends: dict[tuple[str, ...], set[str]] = {}
        jobs: dict[tuple[str, ...], tuple[str, str]] = {}
        for series in await prometheus.instant(EVERYTHING, _TIMEOUT_SECONDS):
            label = series.metric.get
            if label("__name__") == SERVICE_JOBS:
                identity, _ = self._key(series)
                jobs[identity] = (label("service_job", ""), label("front_door_job", ""))
            elif label("__name__") == DEPENDS_ON:
                identity, _ = self._key(series)
                depends.setdefault(identity, set()).add(label("depends_on", ""))
            elif series.number is not None:
                found.setdefault(self._key(series), Found()).add(series.metric, series.number)
        self._jobs = jobs
        self._dependencies = {key: tuple(sorted(names)) for key, names in depends.items()}
        slos = [each.slo(*key) for key, each in sorted(found.items())]
        if not slos:
            return ()
        await self._read_lines(prometheus, slos)
        await self._read_measured(prometheus, slos)
        return tuple(self._whole(slo) for slo in slos)

    def _whole(self, slo: Slo) -> Slo:
        key = (slo.identity, slo.name)
        since = None if slo.is_measured else self._measured_at.get(key)
        return replace(slo, line=self._lines.get(key, ()), unmeasured_since=since)

    async def _read_measured(self, prometheus: PrometheusClient, slos: Sequence[Slo]) -> None:
        """Note what is measured now; ask once for each that was not since this process started."""
        now = datetime.now(UTC)
        keys = {(slo.identity, slo.name): slo.is_measured for slo in slos}
        self._measured_at |= {key: now for key, is_measured in keys.items() if is_measured}
        if keys.keys() <= self._measured_at.keys():
            return
        found = {
            self._key(series): datetime.fromtimestamp(series.number, UTC)
            for series in await prometheus.instant(LAST_MEASURED, _TIMEOUT_SECONDS)
            if series.number is not None
        }
        self._measured_at = {key: found.get(key) for key in keys} | self._measured_at

    async def _read_lines(self, prometheus: PrometheusClient, slos: Sequence[Slo]) -> None:
        """Read the lines where they are old, or where an SLO has none yet."""
        is_old = self._clock() - self._lines_at >= _LINES_SECONDS
        if not is_old and all((slo.identity, slo.name) in self._lines for slo in slos):
            return
        length = max(map(_line_seconds, slos)) or _PERIOD_SECONDS
        now = datetime.now(UTC).timestamp()
        span = Span(now - length, now, max(_SHORTEST_STEP, length / _POINTS))
        found = await prometheus.over(BUDGET_LEFT, span, _TIMEOUT_SECONDS)
        self._lines = {self._key(series): series.points for series in found}
        self._lines_at, self._line_seconds = self._clock(), length

    def _key(self, series: Series) -> Key:
        return key_of(series.metric, self._identity_labels)


def _line_seconds(slo: Slo) -> float:
    """The period, or as much of it as there is: a line of minutes is no line in a frame of days."""
    period = slo.period_days * 86_400.0 if slo.period_days else _PERIOD_SECONDS
    if slo.history_seconds is None:
        # Without a ledger there may be all of it; what was never measured has none.
        return period if slo.is_measured else 0.0
    return min(period, max(_SHORTEST_LINE, slo.history_seconds))
