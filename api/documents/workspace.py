"""A folder for documents in progress, so that a hundred of them need not be in memory."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

_PREFIX: Final = "burnrate-documents-"
# Before it is locked a folder has another name, or a worker that starts now would take it for
# one that was left behind.
_UNLOCKED_PREFIX: Final = ".burnrate-documents-"


class Workspace:
    """Files of this process; what is left at its end goes with the folder.

    A process that is killed leaves its folder behind, and with it what clients sent. The kernel
    gives back the lock that it held on it, so the next process that starts there finds and removes
    it.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Create the folder for the block, and remove it with all that is in it."""
        parent = Path(tempfile.gettempdir())
        _remove_abandoned(parent)
        unlocked = Path(tempfile.mkdtemp(prefix=_UNLOCKED_PREFIX, dir=parent))
        with _locked(unlocked):
            self._folder = unlocked.rename(
                parent / (_PREFIX + unlocked.name.removeprefix(_UNLOCKED_PREFIX))
            )
            try:
                yield
            finally:
                shutil.rmtree(self._folder, ignore_errors=True)

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


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        # Somebody else's, no folder, one that is locked, or one that another worker just removes.
        with suppress(OSError), _locked(folder):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock for the block.

    Raises:
        OSError: it cannot be had.
    """
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(opened)
