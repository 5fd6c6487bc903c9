"""What counts as an event, and as a bad one: for arithmetic and for the first bad sample."""

from dataclasses import dataclass

_ROUTES = 'job="api",endpoint!~"/metrics|/health/.*|/faults/.*"'


@dataclass(frozen=True)
class Sli:
    """Counters: all events, and the bad ones as those of `bad` without those of `good`."""

    total: str
    bad: str
    good: str | None = None

    def total_in_window(self) -> str:
        """Return an expression with `{window}` for its range."""
        return _increase(self.total)

    def bad_in_window(self) -> str:
        """Return an expression with `{window}` for its range."""
        return _increase(self.bad) + (f" - {_increase(self.good)}" if self.good else "")

    def bad_so_far(self) -> str:
        """Return an expression that grows with each bad event."""
        return f"sum({self.bad})" + (f" - sum({self.good})" if self.good else "")


def _increase(selector: str) -> str:
    return f"sum(increase({selector}[{{window}}]))"


AVAILABILITY = Sli(
    total=f"http_requests_total{{{_ROUTES}}}",
    bad=f'http_requests_total{{{_ROUTES},status=~"5.."}}',
)
LATENCY = Sli(
    total=f'http_request_duration_seconds_count{{{_ROUTES},status_class!="5xx"}}',
    bad=f'http_request_duration_seconds_count{{{_ROUTES},status_class!="5xx"}}',
    good=f'http_request_duration_seconds_bucket{{{_ROUTES},status_class!="5xx",le="0.25"}}',
)


def pool(name: str) -> Sli:
    """Return a pool's: an attempt is bad that was not served within 50 ms."""
    labels = f'job="api",pool="{name}"'
    return Sli(
        total=f"pool_wait_seconds_count{{{labels}}}",
        bad=f"pool_wait_seconds_count{{{labels}}}",
        good=f'pool_wait_seconds_bucket{{{labels},le="0.05"}}',
    )
