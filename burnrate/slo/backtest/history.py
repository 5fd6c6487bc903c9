"""What a Prometheus holds, asked in pieces."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import httpx2

from burnrate.prometheus_client import PrometheusClient
from burnrate.slo.windows import DAY

# Prometheus answers with at most 11,000 points a series.
_MOST_POINTS: Final = 10_000
# A day of raw series at once; a query of an hour's window over many routes takes its time.
_TIMEOUT_SECONDS: Final = 300.0


@dataclass(frozen=True)
class Sampled:
    """A series: which evaluations of a piece have a value, from 0, and the values."""

    labels: Mapping[str, str]
    indexes: Sequence[int]
    values: Sequence[float]


@dataclass(frozen=True)
class Piece:
    """Some evaluations: the number of the first among all, when it is, and how many there are."""

    first: int
    begin: int
    count: int


class History(PrometheusClient):
    """A Prometheus, asked for evaluations at a fixed distance. As a context it closes it.

    Args:
        url: Its address; a name and a password in it are used and never shown.
        step: The seconds from one evaluation to the next.
        transport: What carries the requests; a test's own.
    """

    def __init__(self, url: str, step: int, transport: httpx2.BaseTransport | None = None) -> None:
        super().__init__(url, _TIMEOUT_SECONDS, transport)
        self.step = step

    @cached_property
    def holds_both_ends(self) -> bool:
        """Whether a range holds a sample that is exactly as old as it is long: before 3.0."""
        return (self.at("count_over_time(vector(1)[5m:5m])", DAY) or 0) > 1

    def pieces(self, begin: int, count: int) -> Iterator[Piece]:
        """Yield so many evaluations, a day at a time."""
        most = min(_MOST_POINTS, DAY // self.step)
        for first in range(0, count, most):
            yield Piece(first, begin + first * self.step, min(most, count - first))

    def over(self, query: str, piece: Piece) -> list[Sampled]:
        """Return the series of a query at each evaluation of a piece.

        Raises:
            NoAnswer: Prometheus does not answer, or refuses the query.
        """
        end = piece.begin + (piece.count - 1) * self.step
        asked = {"query": query, "start": piece.begin, "end": end, "step": self.step}
        return self.ask(
            "query_range",
            lambda data: [_sampled(each, piece.begin, self.step) for each in data["result"]],
            asked,
        )

    def at(self, query: str, time: int) -> float | None:
        """Return the value of a query that has one series at most.

        Raises:
            NoAnswer: Prometheus does not answer, or refuses the query.
        """
        return self.ask("query", _first_value, {"query": query, "time": time})


def _first_value(data: Any) -> float | None:  # noqa: ANN401 - JSON
    found = data["result"]
    return float(found[0]["value"][1]) if found else None


def _sampled(series: Mapping[str, Any], begin: int, step: int) -> Sampled:
    # Rounded, since times are floats.
    points = [(round((at - begin) / step), float(value)) for at, value in series["values"]]
    points = [point for point in points if not math.isnan(point[1])]
    return Sampled(series["metric"], [at for at, _ in points], [value for _, value in points])
