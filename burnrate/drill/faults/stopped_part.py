"""A part of the stack that is stopped."""

from dataclasses import dataclass
from typing import Protocol

from burnrate.drill.errors import UndoFailed


class Parts(Protocol):
    """Stops and starts parts of the stack."""

    def stop(self, part: str) -> None: ...
    def start(self, part: str) -> None: ...


@dataclass(frozen=True)
class StoppedPart:
    """A part that is down."""

    parts: Parts
    part: str

    def apply(self) -> None:
        """Stop it; raises StackError."""
        self.parts.stop(self.part)

    def undo(self) -> None:
        """Start it and wait until it is healthy; raises UndoFailed after a second try."""
        problem = ""
        for _ in range(2):
            try:
                self.parts.start(self.part)
            except Exception as error:  # noqa: BLE001 - whatever it is, the user must be told
                problem = str(error)
            else:
                return
        raise UndoFailed(
            f"{self.part} does not start ({problem}); start it: burnrate stack start {self.part}"
        )
