"""A Prometheus, asked what it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpx2

from burnrate.prometheus_client import PrometheusClient
from burnrate.promql import Matcher, Selector

# How far back is looked: a service that nobody asked for an hour is still there.
LOOKBACK: Final = "1h"
_TIMEOUT_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Series:
    """A series with its newest value, or with all samples of a range."""

    labels: Mapping[str, str]
    values: Sequence[float]


class Prometheus(PrometheusClient):
    """A Prometheus, asked what it holds now. As a context it closes the connections.

    Args:
        url: Its address; a name and a password in it are used and never shown.
        transport: What carries the requests; a test's own.
    """

    def __init__(self, url: str, transport: httpx2.BaseTransport | None = None) -> None:
        super().__init__(url, _TIMEOUT_SECONDS, transport)
        self.names = cache(self._names)
        self.count = cache(self._count)

    def query(self, query: str) -> list[Series]:
        """Return the series of a query now.

        Raises:
            NoAnswer: Prometheus does not answer, or refuses it.
        """
        return self.ask("query", _series, {"query": query})

    def values(self, selector: Selector, label: str) -> list[str]:
        """Return the values of a label that the series of the last hour have; none is left out."""
        found = self.query(f"count by ({label}) (last_over_time({selector.text}[{LOOKBACK}]))")
        return sorted(each.labels[label] for each in found if label in each.labels)

    def is_native(self, name: str) -> bool:
        """Return whether a metric is a native histogram now."""
        return any(not each.values for each in self.query(name))

    def _count(self, selector: Selector) -> int:
        """Return how many series of the last hour there are."""
        found = self.query(f"count(last_over_time({selector.text}[{LOOKBACK}]))")
        return int(found[0].values[0]) if found else 0

    def _names(self) -> list[str]:
        """Return all metrics' names."""
        return self.ask("label/__name__/values", lambda data: [str(each) for each in data])


def _series(data: Any) -> list[Series]:  # noqa: ANN401 - JSON
    return [Series(dict(each["metric"]), _numbers(each)) for each in data["result"]]


def _numbers(result: Mapping[str, Any]) -> list[float]:
    # A native histogram has neither.
    samples = result.get("values") or ([result["value"]] if "value" in result else [])
    return [float(value) for _, value in samples]


def named(name: str, *matchers: Matcher) -> Selector:
    """Return the selector of a metric's series."""
    return Selector(frozenset({Matcher("__name__", "=", name), *matchers}))
