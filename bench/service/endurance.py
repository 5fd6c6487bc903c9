"""Minutes of full load on the service with all telemetry: does it keep, and count, what it gets?"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Final, Self

import psutil

from bench.service.counts import scrape, uncounted
from bench.service.feeds import Feeds
from bench.service.generator import Figures, run_wrk
from bench.service.load_plan import LoadPlan
from bench.service.running_service import RunningService
from burnrate.cli import CommandError
from burnrate.samples import Samples

_SAMPLES: Final = 120
# Shares of the samples: how many are warm-up, and how many then make the start, and the end.
_WARM_UP: Final = 0.05
_WINDOW: Final = 0.1
_SECONDS: Final = 60


@dataclass(frozen=True)
class Endurance:
    """What the run found.

    Attributes:
        uncounted: By how many answers the clients and the counters differ.
        memory: In bytes, at the start and at the end.
        recycled: Workers that left after their share of requests.
        lost: Workers that ended in any other way.
    """

    seconds: float
    figures: Figures
    uncounted: int
    memory: tuple[float, float]
    recycled: int
    lost: int
    feed_messages: int


class MemorySamples:
    """Reads a part's memory every so often, in a thread, for the `with` block.

    Args:
        read: Returns it, in bytes; raises psutil.NoSuchProcess when the part has ended.
        interval_seconds: From one reading to the next.

    Attributes:
        values: In bytes, in their order.
    """

    def __init__(self, read: Callable[[], int], interval_seconds: float) -> None:
        self.values: list[int] = []
        self._read = read
        self._interval = interval_seconds
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(self._interval):
            try:
                self.values.append(self._read())
            except psutil.NoSuchProcess:
                return  # the requests tell that the api is gone


def endure(service: RunningService, plan: LoadPlan, content: Path) -> Endurance:
    """Load the service for the planned minutes.

    Raises:
        CommandError: it ends meanwhile, or wrk fails.
    """
    seconds = plan.minutes * _SECONDS
    before = scrape(service.api_port)
    with (
        Feeds(service.url, plan.feeds) as feeds,
        MemorySamples(service.parts["api"].memory_bytes, seconds / _SAMPLES) as memory,
    ):
        figures = run_wrk(
            service.target(plan),
            content,
            connections=plan.connections,
            seconds=seconds,
        )
    if not memory.values:
        raise CommandError("the api has ended under the load")
    after = scrape(service.api_port)
    exits = _grown(before, after)
    recycled = _grown(before, after, reason="recycled")
    return Endurance(
        seconds=seconds,
        figures=figures,
        uncounted=uncounted(figures.statuses, before, after),
        memory=start_and_end(memory.values),
        recycled=recycled,
        lost=exits - recycled,
        feed_messages=feeds.messages,
    )


def _grown(before: Samples, after: Samples, **labels: str) -> int:
    name = "worker_exits_total"
    return round(after.total(name, **labels) - before.total(name, **labels))


def start_and_end(samples: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the first samples after the warm-up, and of the last ones.

    Medians of many: while a worker takes another's place there are five of them for a moment.
    """
    window = max(1, round(len(samples) * _WINDOW))
    warm = list(samples[round(len(samples) * _WARM_UP) :])
    return median(warm[:window]), median(warm[-window:])
