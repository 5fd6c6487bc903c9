"""Events of every kind that the shipped SLOs tell apart, as the counters that they move."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Final

JOBS: Final = ("api", "front-door")
_Event = tuple[str, ...]


@dataclass(frozen=True)
class Kinds:
    """The ways in which an SLO's event is good, is bad, or is neither; each as its series."""

    good: Sequence[_Event]
    bad: Sequence[_Event]
    neither: Sequence[_Event] = ()


def _answers() -> Kinds:
    good, bad, neither = (
        (f'front_door_requests_total{{job="front-door", outcome="{outcome}"}}',)
        for outcome in ("good", "bad", "neither")
    )
    return Kinds([good], [bad], [neither])


def _durations() -> Kinds:
    route = 'job="api", method="GET", endpoint="/posts"'
    name = "http_request_duration_seconds"

    def answer(status: int, *bounds: str) -> _Event:
        labels = f'{route}, status_class="{status // 100}xx"'
        buckets = (f'{name}_bucket{{{labels}, le="{bound}"}}' for bound in bounds)
        requests = f'http_requests_total{{{route}, status="{status}"}}'
        return (requests, f"{name}_count{{{labels}}}", *buckets)

    quick, slow = ("0.25", "0.5", "+Inf"), ("0.5", "+Inf")
    return Kinds(
        [answer(200, *quick), answer(404, *quick)],
        [answer(200, *slow), answer(404, "+Inf")],
        [answer(429, *quick), answer(503, *slow)],
    )


def _attempts(pool: str) -> Kinds:
    labels = f'job="api", pool="{pool}"'

    def attempt(outcome: str, *bounds: str) -> _Event:
        buckets = (f'pool_wait_seconds_bucket{{{labels}, le="{bound}"}}' for bound in bounds)
        acquired = f'pool_acquire_total{{{labels}, outcome="{outcome}"}}'
        return (acquired, f"pool_wait_seconds_count{{{labels}}}", *buckets)

    at_once, late = ("0.05", "0.25", "+Inf"), ("0.25", "+Inf")
    return Kinds(
        [attempt("ok", *at_once), attempt("error", *at_once)],
        [attempt("ok", *late), attempt("timeout", "+Inf"), attempt("full", *at_once)],
    )


KINDS: Final = {
    "availability": _answers(),
    "latency": _durations(),
    **{f"pool-{pool}": _attempts(pool) for pool in ("postgres", "redis", "cpu")},
}


@dataclass
class Traffic:
    """What the processes behind all SLOs have counted."""

    _series: Counter[str] = field(default_factory=Counter)
    _started: float = field(default_factory=time.time)

    def serve(self, *, good: int, bad: int) -> None:
        """Have so many events of each SLO, all kinds in turn, and some that are neither."""
        for kinds in KINDS.values():
            for events, count in ((kinds.good, good), (kinds.bad, bad), (kinds.neither, 10)):
                for event in islice(cycle(events), count):
                    self._series.update(event)

    def text(self, job: str) -> str:
        """Return what the target of a job exposes."""
        own = [line for line in self._series.items() if f'job="{job}"' in line[0]]
        started = f"process_start_time_seconds {self._started}"
        return "\n".join([started, *(f"{name} {value}" for name, value in own), ""])
