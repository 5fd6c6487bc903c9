"""Reads the SLOs from the series that Prometheus records for them.

The names of these series stand here and nowhere else in the inbox.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from pydantic import BaseModel, ValidationError

from alerting.inbox.errors import UpstreamUnavailableError

_log = logging.getLogger(__name__)

_OBJECTIVE = "slo:objective:ratio"
_BUDGET_LEFT = "slo:period_error_budget_remaining:ratio"
_BURN_RATE = "slo:current_burn_rate:ratio"
_PERIOD_DAYS = "slo:time_period:days"
_LOW_BUDGET = "slo:error_budget_low:ratio"
# One for each tier of alerts: how many times the sustainable rate it fires for.
_ALERT_BURN_RATE = "slo:alert_burn_rate:factor"
_SERIES = (_OBJECTIVE, _BUDGET_LEFT, _BURN_RATE, _PERIOD_DAYS, _LOW_BUDGET, _ALERT_BURN_RATE)

# As many points as a small line has pixels to show.
_POINTS = 120
_DEFAULT_PERIOD_DAYS = 30.0
# Recorded every 15 s, the budget less often: asking more often returns the same.
_FRESH_SECONDS = 15.0
_TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Slo:
    """One SLO as it is now; what Prometheus does not say is None.

    Attributes:
        identity: The values of the labels that name its service.
        objective: The part of good events that is promised, 0 to 1.
        budget_left: The part of the error budget that is left, 1 to any negative number.
        burn_rate: How many times faster than sustainable the budget is being spent.
        page_burn_rate: The highest rate that a page fires for.
        low_budget: The part of the budget below which it is called low.
        line: The budget left over the period, oldest first: seconds since the epoch and ratio.
    """

    identity: tuple[str, ...]
    name: str
    objective: float | None = None
    budget_left: float | None = None
    burn_rate: float | None = None
    page_burn_rate: float | None = None
    low_budget: float | None = None
    period_days: float | None = None
    line: tuple[tuple[float, float], ...] = ()

    @property
    def service(self) -> str:
        """Its service as people read it: by default the value of `service` alone."""
        return " ".join(filter(None, self.identity))


@dataclass(frozen=True, slots=True)
class SloFigures:
    """All SLOs as last read, when that was, and what is wrong with reading them, if anything."""

    slos: tuple[Slo, ...] = ()
    read_at: datetime | None = None
    problem: str | None = None
    identity_labels: tuple[str, ...] = ("service",)

    def find(self, labels: Mapping[str, str]) -> Slo | None:
        """Return the SLO that an alert is about."""
        wanted = _key(labels, self.identity_labels)
        return next((slo for slo in self.slos if (slo.identity, slo.name) == wanted), None)


# The values of the labels that name a service, and the SLO's name.
_Key = tuple[tuple[str, ...], str]


class _Series(BaseModel):
    metric: dict[str, str]
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] = []


class _Data(BaseModel):
    result: list[_Series]


class _Answer(BaseModel):
    data: _Data


class SloReader:
    """Reads at most once in a while, however many ask, and remembers the last figures."""

    def __init__(
        self,
        url: str | None,
        client: httpx2.AsyncClient,
        identity_labels: tuple[str, ...] = ("service",),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take Prometheus' address, if there is one, and a client to ask with.

        Args:
            url: Prometheus' address without a last slash, or None.
            client: What asks.
            identity_labels: The labels that together name a service.
            clock: Seconds that only grow.
        """
        self._url = url
        self._identity_labels = identity_labels
        self._client = client
        self._clock = clock
        self._lock = asyncio.Lock()
        self._asked_at = -math.inf
        problem = None if url else "INBOX_PROMETHEUS_URL is not set."
        self._figures = SloFigures(problem=problem, identity_labels=identity_labels)

    async def latest(self) -> SloFigures:
        """Return the newest figures; old ones with the problem when Prometheus fails."""
        if self._url is None:
            return self._figures
        async with self._lock:
            # A failure is remembered as long: no page waits for a dead server each time.
            if self._clock() - self._asked_at >= _FRESH_SECONDS:
                self._figures = await self._read(self._url)
                self._asked_at = self._clock()
            return self._figures

    async def _read(self, url: str) -> SloFigures:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                slos = await self._slos(url)
        except (UpstreamUnavailableError, TimeoutError) as error:
            if self._figures.problem is None:
                _log.warning("the SLOs cannot be read", extra={"reason": str(error)})
            return replace(self._figures, problem="Prometheus does not answer.")
        problem = None if slos else "Prometheus has no recorded SLO yet."
        return SloFigures(slos, datetime.now(UTC), problem, self._identity_labels)

    async def _slos(self, url: str) -> tuple[Slo, ...]:
        names = "|".join(_SERIES)
        now = await self._ask(f"{url}/api/v1/query", {"query": f'{{__name__=~"{names}"}}'})
        slos: dict[_Key, dict[str, float]] = {}
        for series in now:
            if series.value is None or not math.isfinite(number := float(series.value[1])):
                continue
            values = slos.setdefault(_key(series.metric, self._identity_labels), {})
            name = series.metric.get("__name__", "")
            if name != _ALERT_BURN_RATE:
                values[name] = number
            elif series.metric.get("severity") == "page":
                values[name] = max(number, values.get(name, number))
        if not slos:
            return ()
        lines = await self._lines(url, max(_period(values) for values in slos.values()))
        return tuple(
            Slo(
                *key,
                objective=values.get(_OBJECTIVE),
                budget_left=values.get(_BUDGET_LEFT),
                burn_rate=values.get(_BURN_RATE),
                page_burn_rate=values.get(_ALERT_BURN_RATE),
                low_budget=values.get(_LOW_BUDGET),
                period_days=values.get(_PERIOD_DAYS),
                line=lines.get(key, ()),
            )
            for key, values in sorted(slos.items())
        )

    async def _lines(self, url: str, days: float) -> dict[_Key, tuple[tuple[float, float], ...]]:
        until = datetime.now(UTC)
        length = timedelta(days=days)
        parameters = {
            "query": _BUDGET_LEFT,
            "start": f"{(until - length).timestamp():.3f}",
            "end": f"{until.timestamp():.3f}",
            "step": f"{length.total_seconds() / _POINTS:.3f}",
        }
        found = await self._ask(f"{url}/api/v1/query_range", parameters)
        return {
            _key(series.metric, self._identity_labels): tuple(
                (at, number) for at, value in series.values if math.isfinite(number := float(value))
            )
            for series in found
        }

    async def _ask(self, url: str, parameters: dict[str, Any]) -> list[_Series]:
        try:
            answer = await self._client.get(url, params=parameters)
            content = answer.raise_for_status().content
            return _Answer.model_validate_json(content).data.result
        except (httpx2.HTTPError, ValidationError) as error:
            raise UpstreamUnavailableError(f"Prometheus: {type(error).__name__}") from error


def _key(labels: Mapping[str, str], identity_labels: tuple[str, ...]) -> _Key:
    return tuple(labels.get(name, "") for name in identity_labels), labels.get("slo", "")


def _period(values: dict[str, float]) -> float:
    return values.get(_PERIOD_DAYS, _DEFAULT_PERIOD_DAYS)
