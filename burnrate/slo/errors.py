"""The one exception of this room."""

from pathlib import Path


class SpecError(Exception):
    """A file that cannot be used: one line with the file, the path in it and the reason."""

    def __init__(self, file: Path, path: str, reason: str) -> None:
        super().__init__(f"{file}: {path}: {reason}" if path else f"{file}: {reason}")
