"""What a process measures about itself by the clock: event-loop lag, its usage, its pools."""

import asyncio
import contextlib
from collections.abc import Callable
from time import perf_counter
from typing import Final

from burnrate.telemetry.failures import guard
from burnrate.telemetry.metrics import Metrics

# Ten wake-ups a second cost 0.1 % of a core and see every stall of 100 ms or more.
_LAG_INTERVAL_SECONDS: Final = 0.1
# CPU, memory and descriptors change slowly; the shortest scrape interval in use is 5 s.
_SAMPLE_EVERY_TICKS: Final = 10


class RuntimeSampler:
    """Samples this process from the time its event loop runs until `stop`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._samples: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, sample: Callable[[], None]) -> None:
        """Call `sample` once a second from the start on; it must not block the event loop."""
        self._samples.append(sample)

    def start(self) -> None:
        """Begin, in the running event loop; harmless when begun in it already."""
        if self._task is None or self._task.get_loop() is not asyncio.get_running_loop():
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
        """Write what the process and its pools use now, between two ticks of the timer."""
        for sample in (self._metrics.process.sample, *self._samples):
            with guard("samples"):
                sample()

    async def _run(self) -> None:
        ticks = 0
        while True:
            due = perf_counter() + _LAG_INTERVAL_SECONDS
            await asyncio.sleep(_LAG_INTERVAL_SECONDS)
            with guard("samples"):
                self._metrics.event_loop_lag.observe(max(0.0, perf_counter() - due))
            ticks += 1
            if ticks % _SAMPLE_EVERY_TICKS == 0:
                self.sample()
