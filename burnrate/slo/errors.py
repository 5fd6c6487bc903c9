"""The one exception of this room, and what programs are told of it and of others."""

from pathlib import Path


class SpecError(Exception):
    """A file that cannot be used: one line with the file, the line, the path in it and the reason.

    Attributes:
        file: The file.
        path: Where in it, such as `slos[0].objective`; empty for the file as a whole.
        reason: What is wrong, and what to write instead where that is not obvious.
        line: Its line, from 1; None where it is not known.
        lines_below: How many lines below the path's beginning.
    """

    def __init__(
        self,
        file: Path,
        path: str,
        reason: str,
        *,
        line: int | None = None,
        lines_below: int = 0,
    ) -> None:
        self.file, self.path, self.reason = file, path, reason
        self.line, self.lines_below = line, lines_below
        place = f"{file}:{line}" if line else f"{file}"
        message = f"{place}: {path}: {reason}" if path else f"{place}: {reason}"
        super().__init__(_on_one_line(message))


def error_as_json(error: Exception) -> dict[str, object]:
    """Return an error as a document for programs; only a `SpecError` knows a place."""
    if not isinstance(error, SpecError):
        return {"file": None, "line": None, "path": "", "reason": str(error)}
    return {
        "file": str(error.file),
        "line": error.line,
        "path": error.path,
        "reason": error.reason,
    }


def _on_one_line(message: str) -> str:
    """Return a text with what would end a line, or not be seen, as its escape."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in message
    )
