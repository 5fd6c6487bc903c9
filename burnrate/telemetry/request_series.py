"""The series that one request writes into, their values at hand."""

from typing import Any, Protocol

from prometheus_client import Counter, Histogram


class RequestSeries:
    """The series of one label tuple, their values at hand.

    `Counter.inc` and `Histogram.observe` check their arguments and look for the bucket from below;
    here both are known to be right, and that is a third of what a request's metrics cost.
    Decision 12 names the private attributes and the tests that hold them.

    Attributes:
        endpoint: The label's value.
        buckets: None in a release of prometheus_client that has renamed one of these.
    """

    __slots__ = ("bounds", "buckets", "counter", "endpoint", "histogram", "requests", "sum")

    def __init__(self, endpoint: str, counter: Counter, histogram: Histogram) -> None:
        self.endpoint = endpoint
        self.counter = counter
        self.histogram = histogram
        self.buckets: list[Any] | None = None
        try:
            self.requests: Any = counter._value  # noqa: SLF001
            self.sum: Any = histogram._sum  # noqa: SLF001
            self.bounds = histogram._upper_bounds  # noqa: SLF001
            self.buckets = histogram._buckets  # noqa: SLF001
        except AttributeError:
            return

    def record(self, seconds: float, exemplar: dict[str, str] | None) -> None:
        """Count one request by public calls."""
        self.counter.inc()
        self.histogram.observe(seconds, exemplar)


class _Value(Protocol):
    def inc(self, amount: float) -> None: ...


def end_request(
    running: _Value, requests: _Value, bucket: _Value, total: _Value, seconds: float
) -> None:
    """Count a request that is not running any more, as `FileValue.end_request` does."""
    running.inc(-1.0)
    requests.inc(1.0)
    bucket.inc(1.0)
    total.inc(seconds)
