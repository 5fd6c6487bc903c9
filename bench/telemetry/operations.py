"""Single operations of the telemetry, beside the client library's and the logger's own."""

import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prometheus_client import Counter, Histogram, values

from bench.measuring.subjects import Subject
from burnrate.telemetry.context import RequestInfo, current
from burnrate.telemetry.logs import RequestLine, configure_logging
from burnrate.telemetry.metrics import HTTP_SECONDS
from burnrate.telemetry.settings import TelemetrySettings
from burnrate.telemetry.workers.store import Store
from burnrate.telemetry.workers.values import make_value_class

_REQUEST: Final = RequestInfo(
    "9c1f6d4a7b3e48f0a2d5c8e1b4f70936",
    "0af7651916cd43dd8448eb211c80319c",
    "b7ad6b7169203331",
    False,
)
_LINE: Final = RequestLine("GET", "/items/42", "/items/{item_id}", 200, 0.001234, "127.0.0.1")
_SECONDS: Final = 0.0123  # falls into the third of the buckets, as most requests do


class _Operation(Subject):
    """One call, over and over."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def run(self, count: int) -> None:
        call = self._call
        for _ in range(count):
            call()

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def keep(self, folder: "tempfile.TemporaryDirectory[str]") -> "_Operation":
        self._folder = folder
        return self


def make(name: str) -> Subject:
    """Return `counter-library`, `counter-ours`, `histogram-...`, `line-formatter`, `line-ours`."""
    what, _, whose = name.partition("-")
    if what == "line":
        return _line(whose)
    folder = tempfile.TemporaryDirectory(prefix="burnrate-bench-")
    _choose_values(whose, Path(folder.name))
    if what == "counter":
        counter = Counter("bench_requests", "Requests.", ("endpoint",), registry=None)
        return _Operation(counter.labels("/items/{item_id}").inc).keep(folder)
    histogram = Histogram(
        "bench_seconds", "Seconds.", ("endpoint",), registry=None, buckets=HTTP_SECONDS
    ).labels("/items/{item_id}")
    return _Operation(lambda: histogram.observe(_SECONDS)).keep(folder)


def _choose_values(whose: str, folder: Path) -> None:
    """Let metrics live in files: the library's way, or ours."""
    if whose == "ours":
        values.ValueClass = make_value_class(Store(folder))
    else:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]


def _line(whose: str) -> Subject:
    configure_logging("bench", TelemetrySettings())
    current.set(_REQUEST)
    if whose == "ours":
        return _Operation(lambda: _LINE.write(_REQUEST))
    return _Operation(lambda: _LINE.log(logging.INFO, None))
