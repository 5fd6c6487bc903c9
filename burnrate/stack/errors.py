"""The one exception of this room."""

from collections.abc import Sequence


class StackError(Exception):
    """A condition the user can act on: one line, and lines of a log that show the cause."""

    def __init__(self, message: str, *, log_tail: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.log_tail = tuple(log_tail)
