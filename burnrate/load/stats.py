"""What became of the requests."""

import statistics
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

# Latencies of the last requests only: what a progress line shows is about now.
_KEPT_LATENCIES = 1_000
_THOUSAND = 1_000


@dataclass
class Stats:
    """Counts of one run; written by the loop's thread, read by any."""

    sent: int = 0
    held_back: int = 0  # due, but too many were in flight
    failed: int = 0  # no answer at all
    statuses: Counter[int] = field(default_factory=Counter)
    in_flight: int = 0
    feeds: int = 0
    feed_messages: int = 0
    _latencies: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT_LATENCIES))

    def answered(self, status: int, seconds: float) -> None:
        """Count an answer with its status, `seconds` after its request."""
        self.statuses[status] += 1
        self._latencies.append(seconds)

    def of_class(self, first_digit: int) -> int:
        """Return how many answers had a status that begins with this digit."""
        return sum(n for status, n in list(self.statuses.items()) if status // 100 == first_digit)

    @property
    def done(self) -> int:
        """How many requests have ended, well or not."""
        return sum(list(self.statuses.values())) + self.failed

    @property
    def succeeded(self) -> int:
        """How many were answered 2xx."""
        return self.of_class(2)

    def quantile(self, share: float) -> float | None:
        """Return the latency, in seconds, that a share of the last requests stayed within."""
        return quantile(list(self._latencies), share)

    def as_json(self) -> dict[str, object]:
        """Return the counts and the latencies, in seconds, for machines."""
        return {
            "requests": self.sent,
            "statuses": {str(status): n for status, n in sorted(self.statuses.items())},
            "failed": self.failed,
            "held_back": self.held_back,
            "p50_seconds": self.quantile(0.5),
            "p99_seconds": self.quantile(0.99),
            "feed_messages": self.feed_messages,
        }

    def line(self) -> str:
        """Return the counts and the latencies of the last requests in one line."""
        classes = (f"{digit}xx {self.of_class(digit)}" for digit in (2, 4, 5))
        p50, p99 = self.quantile(0.5), self.quantile(0.99)
        latency = "" if p50 is None or p99 is None else f"p50 {_ms(p50)}  p99 {_ms(p99)}"
        words = [*classes, f"failed {self.failed}", latency, f"in flight {self.in_flight}"]
        if self.held_back:
            words.append(f"held back {self.held_back}")
        if self.feeds:
            words.append(f"feeds {self.feeds} ({self.feed_messages} messages)")
        return "  ".join(word for word in words if word)


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the value that a share of all values does not exceed; None where there are none.

    Args:
        values: In any order.
        share: Above 0 and below 1, to the thousandth; between two values it is interpolated.
    """
    if len(values) <= 1:
        return next(iter(values), None)
    cuts = statistics.quantiles(values, n=_THOUSAND, method="inclusive")
    return cuts[round(_THOUSAND * share) - 1]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"
