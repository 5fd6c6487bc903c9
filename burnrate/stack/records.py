"""Which stack runs, and which of this machine's processes are its own.

A process is known by its id together with its start time, within one boot: an id alone may long
belong to somebody else. What a part leaves behind is known by process group and session, which no
stranger can enter while a member lives.
"""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from burnrate.stack.layout import Layout

Mode = Literal["containers", "processes"]

_PROC = Path("/proc")
_BOOT_ID = _PROC / "sys/kernel/random/boot_id"
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Process:
    """A process as the kernel tells it."""

    pid: int
    group: int
    session: int
    start_ticks: int


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Identity(_Record):
    """A process that cannot be taken for another one."""

    pid: int
    start_ticks: int


class StartedPart(_Record):
    """What stopping a part needs to know, without a compose file that may have changed."""

    name: str
    depends_on: tuple[str, ...]
    stop_signal: str
    grace_seconds: float
    digest: str


class Running(_Record):
    """The stack that was started."""

    mode: Mode
    boot_id: str
    supervisor: Identity | None = None
    parts: tuple[StartedPart, ...] = ()


def stop_order(
    parts: Iterable[StartedPart],
) -> list[list[StartedPart]]:
    """Return parts in groups that may stop together: nothing stops before what depends on it."""
    left = {part.name: part for part in parts}
    order = []
    while left:
        needed = {name for part in left.values() for name in part.depends_on}
        level = [part for name, part in left.items() if name not in needed] or list(left.values())
        order.append(level)
        for part in level:
            del left[part.name]
    return order


def boot_id() -> str:
    """Return what tells this boot from the one before."""
    return _BOOT_ID.read_text(encoding="ascii").strip() if _BOOT_ID.exists() else ""


def read_running(layout: Layout) -> Running | None:
    """Return the record of the started stack, or None if there is none (any more)."""
    try:
        text = _running_file(layout).read_text(encoding="utf-8")
        running = Running.model_validate_json(text)
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    # Processes end with the boot; containers come back with their engine.
    return None if running.mode == "processes" and running.boot_id != boot_id() else running


def write_running(layout: Layout, running: Running) -> None:
    """Record the started stack, in one step."""
    path = _running_file(layout)
    temporary = path.with_suffix(".new")
    temporary.write_text(running.model_dump_json(indent=1), encoding="utf-8")
    temporary.replace(path)


def forget_running(layout: Layout) -> None:
    """Remove the record."""
    _running_file(layout).unlink(missing_ok=True)


def find_process(pid: int) -> Process | None:
    """Return the live process with this id; a zombie is none."""
    try:
        # The name, in parentheses, may hold anything.
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, _parent, group, session, *rest = text.rpartition(")")[2].split()
    if state in "ZX":
        return None
    # Field 22 of proc_pid_stat(5); `rest` begins with field 7.
    return Process(pid, int(group), int(session), int(rest[22 - 7]))


def is_alive(identity: Identity) -> bool:
    """Return whether this very process lives."""
    process = find_process(identity.pid)
    return process is not None and process.start_ticks == identity.start_ticks


def identify(pid: int) -> Identity | None:
    """Return the identity of a live process."""
    process = find_process(pid)
    return Identity(pid=pid, start_ticks=process.start_ticks) if process else None


def leader_file(layout: Layout, part: str) -> Path:
    """Return where a part's start script notes `pid start session` of the part's main process."""
    return layout.run / part / "leader"


def members(layout: Layout, part: str) -> list[Process]:
    """Return the live processes of a part: its main process and the others of its group."""
    try:
        text = leader_file(layout, part).read_text(encoding="ascii")
        pid, start_ticks, session = (int(word) for word in text.split())
    except (FileNotFoundError, ValueError):
        return []
    found = [p for p in _processes() if p.group == pid and p.session == session]
    # The id may have gone to a stranger, who leads a group of strangers now.
    is_ours = all(p.start_ticks == start_ticks for p in found if p.pid == pid)
    return found if is_ours else []


def end_part(layout: Layout, part: StartedPart) -> None:
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


def end_process(identity: Identity, number: signal.Signals, *, timeout_seconds: float) -> bool:
    """Signal one process; returns whether it is gone within the time."""
    deadline = time.monotonic() + timeout_seconds
    if is_alive(identity):
        _signal([identity], number)
    while is_alive(identity):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _running_file(layout: Layout) -> Path:
    return layout.run / "stack.json"


def _processes() -> Iterator[Process]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (process := find_process(int(entry.name))):
            yield process


def _signal(processes: Iterable[Process | Identity], number: signal.Signals) -> None:
    for process in processes:
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            continue
