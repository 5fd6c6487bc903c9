"""What a process uses: its part of the sums over all processes of the service."""

import gc
import threading
import time
from contextlib import suppress
from typing import Final

from prometheus_client import (
    GC_COLLECTOR,
    PROCESS_COLLECTOR,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
)

from burnrate.telemetry.platforms import after_fork_while_alive

_START: Final = "process_start_time_seconds"
_MEMORY: Final = "process_resident_memory_bytes"
_LARGEST: Final = "process_largest_resident_memory_bytes"
# Gauges by the client library's names, and what they say of each process.
_SUMS: Final = {
    _MEMORY: "Resident memory in bytes",
    "process_open_fds": "Open file descriptors",
    "process_max_fds": "Most file descriptors that may be open",
}


class ProcessUsage:
    """CPU seconds, memory, descriptors, threads and garbage collections of this process.

    Workers are sampled every second; gunicorn's master, which has no event loop to do it in, when
    it starts and whenever a worker ends. The client library reads `/proc` (decision 10); its own
    families would be those of whichever process answers the scrape. Where there is no `/proc`
    only the CPU seconds are known, and there are no families for the rest.

    Args:
        registry: Where the families are registered; in the global one they take the place of the
            client library's.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._process = ProcessCollector(registry=None)
        if registry is REGISTRY:
            for each in (PROCESS_COLLECTOR, GC_COLLECTOR):
                with suppress(KeyError):  # nobody has them there any more
                    registry.unregister(each)
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
            for name, text in _SUMS.items()
            if name in known
        }  # fmt: skip
        if _MEMORY in known:
            # A leak in one of many does not show in their sum. No label: pids are no closed set.
            self._gauges[_LARGEST] = Gauge(
                _LARGEST,
                "Resident memory in bytes of the largest process of the service.",
                registry=registry,
                multiprocess_mode="livemax",
            )
        self._threads = Gauge(
            "process_python_threads",
            "Threads of Python over all processes of the service.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._collections = Counter(
            "python_gc_collections",
            "Garbage collections over all processes of the service.",
            ("generation",),
            registry=registry,
        )
        # Those of the imports are no work of the service, and a fork passes them on.
        self._collected = [stats["collections"] for stats in gc.get_stats()]
        self._gauges[_START] = Gauge(
            _START,
            # That is when its counters began at 0: they outlive a worker.
            "When the oldest process of the service began, in seconds since 1970.",
            registry=registry,
            multiprocess_mode="min",
        )
        self.begin()
        # In a child, once its values have places of their own: those see to it from earlier on.
        after_fork_while_alive(self.begin)

    def begin(self) -> None:
        """Show when this process began: also one that samples nothing, such as a preloaded master.

        The oldest counts, and a 0 that stands where nobody has set it yet would be the oldest.
        """
        began = {each.name: each.samples[0].value for each in self._process.collect()}.get(_START)
        self._gauges[_START].set(began or time.time())

    def sample(self) -> None:
        """Add CPU seconds and collections since the last sample; set memory, files and threads."""
        # Finer than the kernel's ticks of 10 ms, and there without /proc.
        cpu_seconds = time.process_time()
        self._cpu.inc(cpu_seconds - self._cpu_seconds)
        self._cpu_seconds = cpu_seconds
        for family in self._process.collect():
            gauge = self._gauges.get(family.name)
            if gauge is not None:
                gauge.set(family.samples[0].value)
            if family.name == _MEMORY:
                self._gauges[_LARGEST].set(family.samples[0].value)
        self._threads.set(threading.active_count())
        self._count_collections()

    def _count_collections(self) -> None:
        for generation, stats in enumerate(gc.get_stats()):
            collected = stats["collections"]
            since = collected - self._collected[generation]
            self._collections.labels(str(generation)).inc(since)
            self._collected[generation] = collected
