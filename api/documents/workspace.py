"""A folder for documents in progress, so that a hundred of them need not be in memory."""

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
        """Create the folder for the block, and remove it with all that is in it."""
        with tempfile.TemporaryDirectory(prefix="burnrate-documents-") as folder:
            self._folder = Path(folder)
            yield

    def new_file(self) -> Path:
        """Return the path of a file that does not exist yet.

        Raises:
            RuntimeError: outside of `running`.
        """
        if self._folder is None:
            raise RuntimeError("the workspace is not running")
        return self._folder / uuid4().hex

    def discard(self, file: Path) -> None:
        """Remove a file, if it still exists."""
        file.unlink(missing_ok=True)
