"""How late an event loop under load wakes up while another thread renders scrapes."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Final

import uvloop

from bench.measuring.subjects import Subject
from bench.scrapes.metric_folders import FOLDER_VARIABLE
from bench.scrapes.scrapes import renderer
from bench.telemetry.applications import build
from bench.telemetry.exchanges import serve
from burnrate.load import quantile

SECONDS_VARIABLE: Final = "BURNRATE_BENCH_SECONDS"
_PROBE_SECONDS: Final = 0.001
# A server hands over between requests of many connections; so does this load.
_REQUESTS_AT_ONCE: Final = 1


class Stall(Subject):
    """A probe that sleeps 1 ms, beside requests, while scrapes are rendered without pause.

    Every probe falls into a scrape: one scrape in five seconds would hide its stalls behind
    99.9 % of quiet probes.
    """

    def __init__(self, render: Callable[[], bytes] | None, seconds: float) -> None:
        self._render = render
        self._seconds = seconds
        self._application = build("bare")
        self._lateness: list[float] = []

    def run(self, count: int) -> None:
        """Probe `count` times, or as often as time allows."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self._lateness = runner.run(self._probe(count))

    def extra(self) -> dict[str, float]:
        """Return the lateness that 50 and 99.9 % of the probes did not exceed, in seconds."""
        return {
            "p50": quantile(self._lateness, 0.5) or 0.0,
            "p999": quantile(self._lateness, 0.999) or 0.0,
            "probes": len(self._lateness),
        }

    async def _probe(self, count: int) -> list[float]:
        is_over = Event()
        thread = Thread(target=self._scrape, args=(is_over,))
        load = asyncio.get_running_loop().create_task(self._load())
        thread.start()
        lateness: list[float] = []
        until = time.perf_counter() + self._seconds
        while len(lateness) < count and time.perf_counter() < until:
            due = time.perf_counter() + _PROBE_SECONDS
            await asyncio.sleep(_PROBE_SECONDS)
            lateness.append(max(0.0, time.perf_counter() - due))
        is_over.set()
        load.cancel()
        with suppress(asyncio.CancelledError):
            await load
        thread.join()
        return lateness

    async def _load(self) -> None:
        while True:
            await serve(self._application, _REQUESTS_AT_ONCE)

    def _scrape(self, is_over: Event) -> None:
        while self._render is not None and not is_over.is_set():
            self._render()


def make(name: str) -> Subject:
    """Return the probe beside scrapes of a kind (`none` for no scrapes)."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    render = None if name == "none" else renderer(name, folder)
    return Stall(render, float(os.environ[SECONDS_VARIABLE]))
