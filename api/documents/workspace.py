"""A folder for what is being processed, so that a hundred documents need not lie in memory."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


class Workspace:
    """Files of this process; what is left at its end goes with the folder."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have the folder for the block."""
        with tempfile.TemporaryDirectory(prefix="burnrate-documents-") as folder:
            self._folder = Path(folder)
            yield

    def new_file(self) -> Path:
        """Return the path of a file that does not exist yet."""
        if self._folder is None:
            raise RuntimeError("the workspace is not running")
        return self._folder / uuid4().hex

    def discard(self, file: Path) -> None:
        """Remove a file; harmless when it is gone."""
        file.unlink(missing_ok=True)
