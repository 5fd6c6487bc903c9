"""A disk that is as small as a test needs it."""

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.processes import private_folder


class SmallDisk:
    """A file system in memory that the test fills."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave not one byte."""
        with self._filler.open("ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - anything else is a surprise

    def clear(self) -> None:
        """Give the room back."""
        self._filler.unlink()


@contextmanager
def small_disk(size: str) -> Iterator[SmallDisk]:
    """Mount one for the block; skips the test where nothing may be mounted."""
    with private_folder() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"needs a file system of its own, which only root mounts: {done.stderr}")
        try:
            yield SmallDisk(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
