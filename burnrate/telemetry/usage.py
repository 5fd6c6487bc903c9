"""What a process uses: its part of the sums over all processes of the service."""

import time
from collections.abc import Callable
from functools import partial
from typing import Final
from weakref import WeakMethod

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

from burnrate.telemetry.platforms import after_fork

_START: Final = "process_start_time_seconds"


class ProcessUsage:
    """CPU seconds, memory and descriptors of this process.

    Workers are sampled every second; gunicorn's master, which has no event loop to do it in, when
    it starts and whenever a worker ends. The client library reads `/proc` (decision 10); its own
    families would be those of whichever process answers the scrape. Where there is no `/proc`
    only the CPU seconds are known, and there are no families for the rest.

    Args:
        registry: Where the families are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._process = ProcessCollector(registry=None)
        self._cpu_seconds = 0.0
        self._cpu = Counter(
            "process_cpu_seconds",
            "CPU seconds, user and system, over all processes of the service.",
            registry=registry,
        )
        known = {family.name for family in self._process.collect()}
        self._gauges = {
            name: Gauge(name, f"{text} over all processes of the service.", registry=registry,
                        multiprocess_mode="livesum")
            for name, text in (
                ("process_resident_memory_bytes", "Resident memory in bytes"),
                ("process_open_fds", "Open file descriptors"),
            )
            if name in known
        }  # fmt: skip
        self._gauges[_START] = Gauge(
            _START,
            # That is when its counters began at 0: they outlive a worker.
            "When the oldest process of the service began, in seconds since 1970.",
            registry=registry,
            multiprocess_mode="min",
        )
        self.begin()
        # In a child, once its values have places of their own: those see to it from earlier on.
        after_fork(partial(_call, WeakMethod(self.begin)))

    def begin(self) -> None:
        """Show when this process began: also one that samples nothing, such as a preloaded master.

        The oldest counts, and a 0 that stands where nobody has set it yet would be the oldest.
        """
        began = {each.name: each.samples[0].value for each in self._process.collect()}.get(_START)
        self._gauges[_START].set(began or time.time())

    def sample(self) -> None:
        """Add the CPU seconds since the last sample; set memory and descriptors."""
        # Finer than the kernel's ticks of 10 ms, and there without /proc.
        cpu_seconds = time.process_time()
        self._cpu.inc(cpu_seconds - self._cpu_seconds)
        self._cpu_seconds = cpu_seconds
        for family in self._process.collect():
            gauge = self._gauges.get(family.name)
            if gauge is not None:
                gauge.set(family.samples[0].value)


def _call(begin: WeakMethod[Callable[[], None]]) -> None:
    if (method := begin()) is not None:
        method()
