"""Asks Prometheus, within a time and never too much at once.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import asyncio
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx2
from pydantic import BaseModel, ValidationError

from alerting.inbox.errors import UpstreamUnavailableError

# Rules and scrapes come first; what waits here is charts.
_MOST_AT_ONCE: Final = 4


class Series(BaseModel):
    """One series of an answer: one value of an instant, or the values of a range."""

    metric: dict[str, str]
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] = []

    @property
    def number(self) -> float | None:
        """The instant's value; None if there is none, or none that is finite."""
        if self.value is None:
            return None
        number = float(self.value[1])
        return number if math.isfinite(number) else None

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """The range's finite values: seconds since the epoch and value, oldest first."""
        return tuple(
            (at, number) for at, value in self.values if math.isfinite(number := float(value))
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time and the distance of its points, all in seconds."""

    start: float
    end: float
    step: float


class _Data(BaseModel):
    result: list[Series]


class _Answer(BaseModel):
    data: _Data


class PrometheusClient:
    """One Prometheus' API."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        """Take its address, without a last slash, and a client to ask with."""
        self._url = url
        self._client = client
        self._slots = asyncio.Semaphore(_MOST_AT_ONCE)

    async def instant(self, query: str, timeout_seconds: float) -> list[Series]:
        """Return what a query gives now.

        Raises:
            UpstreamUnavailableError: no answer in time, the wait for others included.
        """
        return await self._ask("query", {"query": query}, timeout_seconds)

    async def over(self, query: str, span: Span, timeout_seconds: float) -> list[Series]:
        """Return what a query gives over a stretch of time.

        Raises:
            UpstreamUnavailableError: no answer in time, the wait for others included.
        """
        parameters = {
            "query": query,
            "start": f"{span.start:.3f}",
            "end": f"{span.end:.3f}",
            "step": f"{span.step:.3f}",
        }
        return await self._ask("query_range", parameters, timeout_seconds)

    async def _ask(
        self, path: str, parameters: dict[str, str], timeout_seconds: float
    ) -> list[Series]:
        # Prometheus gives up as well: nobody would read what it goes on to compute.
        parameters["timeout"] = f"{timeout_seconds:g}s"
        try:
            async with asyncio.timeout(timeout_seconds), self._slots:
                answer = await self._client.get(f"{self._url}/api/v1/{path}", params=parameters)
            content = answer.raise_for_status().content
            return _Answer.model_validate_json(content).data.result
        except (httpx2.HTTPError, ValidationError, TimeoutError) as error:
            raise UpstreamUnavailableError(f"Prometheus: {type(error).__name__}") from error


def selector(labels: Mapping[str, str], *more: str) -> str:
    """Return a selector of these labels, whatever stands in their values, and of more matchers."""
    # JSON's escapes are a part of those that PromQL knows.
    exact = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
    return "{" + ", ".join([*exact, *more]) + "}"
