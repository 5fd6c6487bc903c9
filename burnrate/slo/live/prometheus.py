"""A Prometheus, asked what it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

import httpx2

from burnrate.http_client import NoAnswer, refusal
from burnrate.promql import Matcher, Selector

# How far back is looked: a service that nobody asked for an hour is still there.
LOOKBACK: Final = "1h"
_TIMEOUT_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Series:
    """A series with its newest value, or with all samples of a range."""

    labels: Mapping[str, str]
    values: Sequence[float]


class Prometheus:
    """A Prometheus. As a context it closes the connections.

    Args:
        url: Its address; a name and a password in it are used and never shown.
        transport: What carries the requests; a test's own.
    """

    def __init__(self, url: str, transport: httpx2.BaseTransport | None = None) -> None:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self.address = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._client = httpx2.Client(
            base_url=url.rstrip("/"), timeout=_TIMEOUT_SECONDS, trust_env=False, transport=transport
        )
        self.names = cache(self._names)
        self.count = cache(self._count)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close its connections."""
        self._client.close()

    def query(self, query: str) -> list[Series]:
        """Return the series of a query now.

        Raises:
            NoAnswer: Prometheus does not answer, or refuses it.
        """
        content = self._ask("query", {"query": query})
        return [Series(each["metric"], _numbers(each)) for each in content["result"]]

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
        found: list[str] = self._ask("label/__name__/values", None)
        return found

    def _ask(self, path: str, asked: Mapping[str, str] | None) -> Any:  # noqa: ANN401 - JSON
        try:
            response = (
                self._client.get(f"/api/v1/{path}")
                if asked is None
                else self._client.post(f"/api/v1/{path}", data=dict(asked))
            )
        except httpx2.TransportError as error:
            reason = str(error) or type(error).__name__
            raise NoAnswer(f"Prometheus does not answer at {self.address}: {reason}") from error
        try:
            return response.json()["data"] if response.is_success else _no_data()
        except (ValueError, KeyError, TypeError) as error:
            raise NoAnswer(f"Prometheus at {self.address}: {refusal(response)}") from error


def _numbers(result: Mapping[str, Any]) -> list[float]:
    # A native histogram has neither.
    samples = result.get("values") or ([result["value"]] if "value" in result else [])
    return [float(value) for _, value in samples]


def named(name: str, *matchers: Matcher) -> Selector:
    """Return the selector of a metric's series."""
    return Selector(frozenset({Matcher("__name__", "=", name), *matchers}))


def _no_data() -> None:
    raise ValueError
