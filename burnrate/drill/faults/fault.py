"""What every fault is, and several at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from burnrate.drill.errors import UndoFailed


class Fault(Protocol):
    """Something that goes wrong on purpose. It can be undone at any time, applied or not."""

    def apply(self) -> None:
        """Make it go wrong; raises DrillError, or NoAnswer."""

    def undo(self) -> None:
        """Make it right, wait until it is; raises UndoFailed with what to do by hand."""


@dataclass(frozen=True)
class Together:
    """Several faults at once; undone in the opposite order, each whatever becomes of the others."""

    faults: Sequence[Fault]

    def apply(self) -> None:
        """Apply each, in order; what the first failure leaves out is undone all the same."""
        for fault in self.faults:
            fault.apply()

    def undo(self) -> None:
        """Undo each, the last one first; raises UndoFailed with what all of them say."""
        problems = []
        for fault in reversed(self.faults):
            try:
                fault.undo()
            except UndoFailed as error:
                problems.append(str(error))
        if problems:
            raise UndoFailed("; ".join(problems))
