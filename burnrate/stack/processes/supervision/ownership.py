"""Which of this machine's processes are the stack's own, and their end.

A process is known by its id together with its start time, within one boot: an id alone may long
belong to somebody else. What a part leaves behind is known by process group and session, which no
other process can enter while a member lives.
"""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from burnrate.stack.layout import Layout
from burnrate.stack.stack_record import PartRecord, ProcessIdentity

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Process:
    """A live process."""

    pid: int
    group: int
    session: int
    start_ticks: int


def find_process(pid: int) -> Process | None:
    """Return the live process with this id; None for a zombie, or where there is none.

    A process whose first thread has ended is called a zombie while others of it live, and those
    hold its files and ports.
    """
    try:
        start_ticks = _start_ticks(pid)
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1:
            return None
        return Process(pid, os.getpgid(pid), os.getsid(pid), start_ticks)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return None


def is_alive(identity: ProcessIdentity) -> bool:
    """Return whether this very process lives."""
    process = find_process(identity.pid)
    return process is not None and process.start_ticks == identity.start_ticks


def identify(pid: int) -> ProcessIdentity | None:
    """Return the identity of a live process; None where there is none."""
    process = find_process(pid)
    return ProcessIdentity(pid=pid, start_ticks=process.start_ticks) if process else None


def leader_file(layout: Layout, part: str) -> Path:
    """Return where a part's start script notes `pid start session` of the part's main process."""
    return layout.run / part / "leader"


def main_process_id(layout: Layout, part: str) -> int:
    """Return the id of a part's main process; raises FileNotFoundError for one never started."""
    return _leader(layout, part)[0]


def members(layout: Layout, part: str) -> list[Process]:
    """Return the live processes of a part: its main process and the others of its group."""
    try:
        pid, start_ticks, session = _leader(layout, part)
    except (FileNotFoundError, ValueError):
        return []
    found = [p for p in _group(pid) if p.session == session]
    # The id may have gone to another process, which leads another group now.
    is_ours = all(p.start_ticks == start_ticks for p in found if p.pid == pid)
    return found if is_ours else []


def end_part(layout: Layout, part: PartRecord) -> None:
    """End what lives of a part: its stop signal, its grace, then SIGKILL for the group."""
    found = members(layout, part.name)
    leader = [p for p in found if p.pid == p.group] or found
    _signal(leader, signal.Signals[f"SIG{part.stop_signal}"])
    deadline = time.monotonic() + part.grace_seconds
    while (left := members(layout, part.name)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    while left:
        _signal(left, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
        left = members(layout, part.name)


def end_process(
    identity: ProcessIdentity, number: signal.Signals, *, timeout_seconds: float
) -> bool:
    """Signal one process and wait for its end.

    Args:
        identity: Which one; if it is gone already, nobody is signalled.
        number: The signal.
        timeout_seconds: How long to wait.

    Returns:
        Whether it is gone.
    """
    deadline = time.monotonic() + timeout_seconds
    if is_alive(identity):
        _signal([identity], number)
    while is_alive(identity):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _leader(layout: Layout, part: str) -> tuple[int, int, int]:
    text = leader_file(layout, part).read_text(encoding="ascii")
    pid, start_ticks, session = (int(word) for word in text.split())
    return pid, start_ticks, session


def _group(leader: int) -> Iterator[Process]:
    for pid in psutil.pids():
        with suppress(ProcessLookupError):
            if os.getpgid(pid) == leader and (process := find_process(pid)):
                yield process


def _start_ticks(pid: int) -> int:
    """Return when a process started, in ticks since the boot: no change of the clock moves that."""
    while True:
        # psutil adds the time of the boot, which the kernel derives from the clock at each look.
        boot_time = psutil.boot_time()
        created = psutil.Process(pid).create_time()
        if psutil.boot_time() == boot_time:
            return round((created - boot_time) * _TICKS_A_SECOND)


def _signal(processes: Iterable[Process | ProcessIdentity], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
