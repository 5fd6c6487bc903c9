"""An extension of supervisord: a part whose main process ended leaves nothing behind.

Without it the workers of a killed nginx go on holding the port its successor needs. In a container
the kernel does this, when the first process ends.

It stands outside the stack's rooms, so that supervisord imports nothing else of the command with
it: that would double supervisord's memory and make its start four times as long.
"""

import os
import signal
from typing import Protocol

from supervisor import events

_ENDED = (
    events.ProcessStateBackoffEvent,
    events.ProcessStateExitedEvent,
    events.ProcessStateStoppedEvent,
)


class _Subprocess(Protocol):
    pid: int


class _ProcessEvent(Protocol):
    @property
    def process(self) -> _Subprocess: ...


class Reaper:
    """The interface that supervisord asks for; it has no remote calls."""


def make_reaper(_supervisord: object, **_settings: str) -> Reaper:
    """Subscribe to the ends of processes; supervisord calls this as an RPC interface factory."""
    for kind in _ENDED:
        events.subscribe(kind, end_group)
    return Reaper()


def end_group(event: _ProcessEvent) -> None:
    """End what is left of the process group that supervisord gave the process."""
    # Zero when nothing was started: that would be our own group.
    if event.process.pid > 1:
        try:
            os.killpg(event.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
