"""What the service's processes use: CPU time and memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psutil

from burnrate.cli import CommandError

MEGABYTE: Final = 1e6


@dataclass(frozen=True)
class ProcessTree:
    """A part's main process and all below it, those that come and go too."""

    pid: int

    def cpu_seconds(self) -> float:
        """Return the user and system time of every process so far, the ended ones included."""
        main = psutil.Process(self.pid)
        times = main.cpu_times()
        # A parent gets the times of a child that it has waited for.
        spent = times.user + times.system + times.children_user + times.children_system
        for child in main.children(recursive=True):
            try:
                its = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent += its.user + its.system + its.children_user + its.children_system
        return spent

    def memory_bytes(self) -> int:
        """Return the proportional set size of all processes that live now.

        A page that processes share is counted once, in equal parts; the resident set size counts it
        once for each of them.
        """
        main = psutil.Process(self.pid)
        return sum(_pss(process) for process in (main, *main.children(recursive=True)))


def cpu_seconds(parts: Mapping[str, ProcessTree]) -> dict[str, float]:
    """Return each part's CPU time so far; raises CommandError for one that has ended."""
    found = {}
    for name, tree in parts.items():
        try:
            found[name] = tree.cpu_seconds()
        except psutil.NoSuchProcess as error:
            raise CommandError(f"{name} has ended under the load") from error
    return found


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0
