"""Scrapes of a folder of metric files, the library's way and ours, and what dead workers cost."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from bench.measuring.subjects import Subject
from bench.scrapes.metric_folders import FOLDER_VARIABLE, DeadWorkers
from burnrate.telemetry.workers import archive
from burnrate.telemetry.workers.merge import MergedFiles

TEMPLATE_VARIABLE: Final = "BURNRATE_BENCH_TEMPLATE"
# One fold takes in all that are dead by then. Folding each alone would read the growing archive
# 2,000 times for the same result.
_FOLDED_TOGETHER: Final = 20


class Scrape(Subject):
    """One rendered exposition after the other."""

    def __init__(self, render: Callable[[], bytes]) -> None:
        self._render = render
        self._lines = 0

    def run(self, count: int) -> None:
        """Render `count` times."""
        for _ in range(count):
            self._lines = self._render().count(b"\n")

    def extra(self) -> dict[str, float]:
        """Return how many lines the last exposition has."""
        return {"lines": self._lines}


class Fold(Subject):
    """One dead worker after the other is folded into the archive."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        self._dead = DeadWorkers(folder, template)

    def prepare(self, count: int) -> None:
        """Leave files of dead workers; one fold takes them all in, so `count` must be 1."""
        self._dead.add(count)

    def run(self, count: int) -> None:  # noqa: ARG002 - see `prepare`
        """Fold what `prepare` has left into the archive."""
        archive.fold_dead(self._folder)


class Recycle(Subject):
    """Workers that come and go: their files are left and folded, some at a time."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        self._dead = DeadWorkers(folder, template)

    def run(self, count: int) -> None:
        """Let `count` workers come and go."""
        for done in range(0, count, _FOLDED_TOGETHER):
            self._dead.add(min(_FOLDED_TOGETHER, count - done))
            archive.fold_dead(self._folder)


def make(name: str) -> Subject:
    """Return the scrape or the fold called `name`.

    Raises:
        KeyError: there is none.
    """
    folder = Path(os.environ[FOLDER_VARIABLE])
    if name in ("fold", "recycle"):
        template = Path(os.environ[TEMPLATE_VARIABLE])
        return Fold(folder, template) if name == "fold" else Recycle(folder, template)
    return Scrape(renderer(name, folder))


def renderer(name: str, folder: Path) -> Callable[[], bytes]:
    """Return what renders a folder of metric files.

    Args:
        name: `library` for the client library, `cold` for the first scrape of a worker, `warm` for
            any later one, `openmetrics` for one with exemplars.
        folder: The folder.

    Raises:
        KeyError: there is no such way.
    """
    merged = MergedFiles(folder)
    ways: dict[str, Callable[[], bytes]] = {
        "library": lambda: _by_library(folder),
        # What the first scrape of a worker costs: nothing is known yet.
        "cold": lambda: MergedFiles(folder).render(is_openmetrics=False).encode(),
        "warm": lambda: merged.render(is_openmetrics=False).encode(),
        "openmetrics": lambda: merged.render(is_openmetrics=True).encode(),
    }
    return ways[name]


def _by_library(folder: Path) -> bytes:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return generate_latest(registry)
