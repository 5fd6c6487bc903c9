"""Folders of metric files of the measured size: live workers that write, files of dead ones."""

import os
import random
import shutil
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bench.measuring.subjects import Subject
from burnrate.telemetry.metrics import HTTP_SECONDS
from burnrate.telemetry.workers import activate, metric_files

FOLDER_VARIABLE: Final = "BURNRATE_BENCH_FOLDER"
_METHODS: Final = ("GET", "POST", "PUT", "DELETE")
_STATUSES: Final = (("200", "2xx"), ("404", "4xx"), ("500", "5xx"))
# Above every number that Linux gives to a process (2**22), so nothing of this number lives.
_FIRST_DEAD_PID: Final = 1 << 23


class Writer(Subject):
    """One live worker: it has the series of a large service, and goes on counting.

    Args:
        label_sets: Pairs of method and endpoint; each is 54 lines of a scrape, three statuses with
            a counter and a histogram of 15 buckets, sum and count.
    """

    def __init__(self, label_sets: int) -> None:
        activate(Path(os.environ[FOLDER_VARIABLE]))
        registry = CollectorRegistry()
        requests = Counter(
            "http_requests", "Requests.", ("method", "endpoint", "status"), registry=registry
        )
        seconds = Histogram(
            "http_request_duration_seconds",
            "Seconds a request took.",
            ("method", "endpoint", "status_class"),
            registry=registry,
            buckets=HTTP_SECONDS,
        )
        Gauge("workers", "Workers.", registry=registry, multiprocess_mode="livesum").set(1)
        self._series = [
            (requests.labels(method, endpoint, status), seconds.labels(method, endpoint, kind))
            for method, endpoint in _endpoints(label_sets)
            for status, kind in _STATUSES
        ]
        for place in range(len(self._series)):
            self._count(place)

    def run(self, count: int) -> None:
        """Count `count` more requests."""
        for _ in range(count):
            self._count(random.randrange(len(self._series)))  # noqa: S311 - no secret

    def _count(self, place: int) -> None:
        requests, seconds = self._series[place]
        requests.inc()
        trace_id = f"{random.getrandbits(128):032x}"
        seconds.observe(random.expovariate(10), {"trace_id": trace_id})


def make(name: str) -> Subject:
    """Return a writer of as many label sets as `name` says."""
    return Writer(int(name))


def _endpoints(label_sets: int) -> list[tuple[str, str]]:
    return [
        (_METHODS[number % 4], f"/api/v1/resources_{number // 4}/{{resource_id}}")
        for number in range(label_sets)
    ]


class DeadWorkers:
    """Puts files of dead workers into a folder: copies of a live worker's, under dead numbers."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        files = metric_files.list_files(template)
        first = next(file.owner for file in files if file.kind == "counter" and file.pid)
        self._files = [file for file in files if file.owner == first]
        self._next_pid = _FIRST_DEAD_PID

    def add(self, count: int) -> None:
        """Leave behind the files of `count` more workers."""
        for _ in range(count):
            for file in self._files:
                shutil.copyfile(file.path, self._folder / f"{file.kind}_{self._next_pid}.db")
            self._next_pid += 1
