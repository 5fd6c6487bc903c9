"""What goes wrong in the telemetry itself: counted, said once, and ended there.

Each border between the telemetry and the service (a hook of the server, a request, a scrape, the
output of log lines, the start and the end) is guarded, so that nothing of this package ends,
delays or alters what the service does. `telemetry_failures_total` counts what a guard has caught.
"""

import logging
from collections.abc import Iterable
from contextlib import ContextDecorator, suppress
from threading import Lock
from types import TracebackType
from typing import Final, Literal, get_args

from prometheus_client import CollectorRegistry, Counter

from burnrate.telemetry.platforms import after_fork

Part = Literal[
    "files",  # metric files of many workers: their folder is gone, read-only or full
    "hooks",  # what gunicorn calls in its master
    "logs",  # the output of log lines
    "requests",  # what a request or WebSocket is measured by
    "samples",  # what is sampled once a second
    "scrape",  # the answer of /metrics
    "start",
    "stop",
    "traces",  # spans, and the clients that make them
    "workers",  # several processes that do not know each other: a scrape shows one of them
]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
LOG_LINE_RESULTS: Final = ("written", "dropped")
# Exceptions are told apart by type; so many different ones are said in one process at most.
_MOST_SAID: Final = 64

_log: Final = logging.getLogger("burnrate.telemetry")


class ProcessCounter:
    """A counter that belongs to the process, not to one application, and never raises.

    It counts before there are any metrics, too; what was counted then is added when `begin` makes
    the series.

    Args:
        name: Of the family, without `_total`.
        text: Its help text.
        label: The name of its one label.
        values: All values of the label; each series exists from the start.
    """

    def __init__(self, name: str, text: str, label: str, values: Iterable[str]) -> None:
        self._name = name
        self._text = text
        self._label = label
        self._values = tuple(values)
        self._lock = Lock()
        self._counter: Counter | None = None
        self._series: dict[str, Counter] = {}
        self._early: dict[str, float] = {}
        after_fork(self._start_anew)

    def begin(self) -> Counter:
        """Return the family, made at the first call; from now on it is what counts."""
        with self._lock:
            if self._counter is None:
                counter = Counter(self._name, self._text, [self._label], registry=None)
                self._series = {each: counter.labels(each) for each in self._values}
                for value, amount in self._early.items():
                    self._series[value].inc(amount)
                self._early.clear()
                self._counter = counter
            return self._counter

    def end(self) -> None:
        """Forget the family; the next `begin` makes a new one, at zero, where values live then."""
        with self._lock:
            self._counter = None
            self._series = {}

    def add(self, value: str, amount: float = 1.0) -> None:
        """Count `amount` more under one value of the label."""
        with suppress(Exception):  # this is where trouble ends
            series = self._series.get(value)
            if series is not None:
                series.inc(amount)
            else:
                self._early[value] = self._early.get(value, 0.0) + amount

    def _start_anew(self) -> None:
        self._lock = Lock()
        self._early = {}  # the parent's


failures: Final = ProcessCounter(
    "telemetry_failures",
    "What went wrong in the telemetry itself, by part; the service went on.",
    "part",
    PARTS,
)
log_lines: Final = ProcessCounter(
    "telemetry_log_lines",
    "Log lines by what became of them (dropped: the reader was too slow, or the disk full).",
    "result",
    LOG_LINE_RESULTS,
)
_said: Final[set[tuple[Part, type[BaseException]]]] = set()
after_fork(_said.clear)


def register_own_trouble(registry: CollectorRegistry) -> None:
    """Show the telemetry's own counters in `registry`; they are the same in every registry."""
    for counter in (failures, log_lines):
        registry.register(counter.begin())


def failed(part: Part, error: BaseException) -> None:
    """Count a failure of the telemetry, and log it if it is the first of its kind; never raises.

    Args:
        part: What failed.
        error: Why; one line is written for each part and type of exception in a process.
    """
    failures.add(part)
    kind = (part, type(error))
    if kind in _said or len(_said) >= _MOST_SAID:
        return
    _said.add(kind)
    with suppress(Exception):  # of a handler of the application's; the failure is counted
        _log.error("telemetry failed", exc_info=error, extra={"part": part})


class guard(ContextDecorator):  # noqa: N801 - used as a keyword: `with guard("scrape"):`
    """Ends any exception of the block or function below it, counted and said once.

    A function that it decorates returns None instead.

    Args:
        part: What the block belongs to.
    """

    def __init__(self, part: Part) -> None:
        self._part: Part = part

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> bool:
        """End an exception; cancellation and the end of the process pass."""
        if not isinstance(error, Exception):
            return False
        failed(self._part, error)
        return True
