"""What a process knows about itself: event-loop lag, CPU, memory, descriptors, its pools."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Final

from burnrate.telemetry.metrics import Metrics

# Ten wake-ups a second cost 0.1 % of a core and see every stall of 100 ms or more.
_LAG_INTERVAL_SECONDS: Final = 0.1
# CPU, memory and descriptors change slowly; the shortest scrape interval in use is 5 s.
_SAMPLE_EVERY_TICKS: Final = 10
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class RuntimeSampler:
    """Samples this process from the time its event loop runs until `stop`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._cpu_seconds = 0.0
        self._samples: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, sample: Callable[[], None]) -> None:
        """Call `sample` once a second from now on."""
        self._samples.append(sample)

    def start(self) -> None:
        """Begin, in the running event loop; harmless when begun already."""
        if self._task is None:
            self._metrics.workers.set(1)
            self.sample()
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Take a last sample, so that no CPU second is lost, and end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
            self.sample()
            self._metrics.workers.set(0)

    def sample(self) -> None:
        """Write what the process uses now."""
        cpu_seconds = time.process_time()
        self._metrics.process_cpu.inc(cpu_seconds - self._cpu_seconds)
        self._cpu_seconds = cpu_seconds
        with contextlib.suppress(OSError):  # no /proc: not Linux
            resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
            self._metrics.process_resident_memory.set(resident_pages * _PAGE_BYTES)
            self._metrics.process_open_fds.set(len(os.listdir("/proc/self/fd")))  # noqa: PTH208
        for sample in self._samples:
            sample()

    async def _run(self) -> None:
        ticks = 0
        while True:
            due = perf_counter() + _LAG_INTERVAL_SECONDS
            await asyncio.sleep(_LAG_INTERVAL_SECONDS)
            self._metrics.event_loop_lag.observe(max(0.0, perf_counter() - due))
            ticks += 1
            if ticks % _SAMPLE_EVERY_TICKS == 0:
                self.sample()
