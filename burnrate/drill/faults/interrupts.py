"""A fault is undone whatever ends the drill, and nothing interrupts the undoing."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from burnrate.drill.faults.fault import Fault

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class _Handler:
    """Interrupts once, at most; then, and once it is shielded, says that it waits."""

    say: Callable[[str], None]
    is_shielded: bool = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_shielded:
            self.say("the fault is being undone; please wait")
            return
        self.is_shielded = True
        raise KeyboardInterrupt


@contextmanager
def applied(fault: Fault, say: Callable[[str], None]) -> Iterator[None]:
    """Apply a fault for the block; undo it at its end, also if it was applied only in part.

    SIGINT, SIGTERM and the end of the terminal raise KeyboardInterrupt in the block, the first of
    them once. While the fault is undone they are answered with a line and nothing else.
    """
    handler = _Handler(say)
    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        try:
            fault.apply()
            yield
        finally:
            handler.is_shielded = True
    finally:
        # A `finally` of its own: an interrupt just before the shield was up ends the inner one.
        try:
            fault.undo()
        finally:
            for number, old in before.items():
                signal.signal(number, old)
