"""The end of all that a start has left running."""

import signal
from collections.abc import Callable

from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout, remove_socket
from burnrate.stack.processes.supervision import (
    Supervisor,
    end_part,
    end_process,
    is_alive,
    pid_file,
)
from burnrate.stack.stack_record import ProcessIdentity, StackRecord, forget_record

_SUPERVISOR_SECONDS = 15.0


def find_supervisor(layout: Layout, record: StackRecord) -> ProcessIdentity | None:
    """Return the live supervisor of a started stack; None if it is gone."""
    if record.supervisor is not None:
        return record.supervisor if is_alive(record.supervisor) else None
    # The start was interrupted before the record was complete.
    return Supervisor(layout).identity() if record.mode == "processes" else None


def end_stack(layout: Layout, record: StackRecord, say: Callable[[str], None]) -> None:
    """End the recorded parts, dependents first, and their supervisor; then forget the record.

    Args:
        layout: Where the stack's files are.
        record: What was started.
        say: Takes a line for people.
    """
    identity = find_supervisor(layout, record)
    if identity is not None:
        _end_supervised(layout, record, identity, say)
    for level in record.stop_order():
        for part in level:
            end_part(layout, part)
    remove_socket(layout)
    pid_file(layout).unlink(missing_ok=True)
    forget_record(layout)


def _end_supervised(
    layout: Layout, record: StackRecord, identity: ProcessIdentity, say: Callable[[str], None]
) -> None:
    supervisor = Supervisor(layout)
    try:
        for level in record.stop_order():
            say(f"stopping {', '.join(part.name for part in level)}")
            supervisor.stop(part.name for part in level)
        supervisor.shut_down()
    except (OSError, StackError):
        say("supervisord does not answer: ending its processes one by one")
    if not end_process(identity, signal.SIGTERM, timeout_seconds=_SUPERVISOR_SECONDS):
        end_process(identity, signal.SIGKILL, timeout_seconds=_SUPERVISOR_SECONDS)
