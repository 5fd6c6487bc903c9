"""What a process uses: its part of the sums over all processes of the service."""

import contextlib
import os
import time
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class ProcessUsage:
    """CPU seconds, memory and descriptors of this process.

    Workers are sampled every second; gunicorn's master, which has no event loop to do it in, when
    it starts and whenever a worker ends.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._cpu_seconds = 0.0
        self._cpu = Counter(
            "process_cpu_seconds",
            "CPU seconds, user and system, over all processes of the service.",
            registry=registry,
        )
        self._resident_memory = Gauge(
            "process_resident_memory_bytes",
            "Resident memory in bytes over all processes of the service.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._open_fds = Gauge(
            "process_open_fds",
            "Open file descriptors over all processes of the service.",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def sample(self) -> None:
        """Write what the process uses now."""
        cpu_seconds = time.process_time()
        self._cpu.inc(cpu_seconds - self._cpu_seconds)
        self._cpu_seconds = cpu_seconds
        with contextlib.suppress(OSError):  # no /proc: not Linux
            resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
            self._resident_memory.set(resident_pages * _PAGE_BYTES)
            self._open_fds.set(len(os.listdir("/proc/self/fd")))  # noqa: PTH208
