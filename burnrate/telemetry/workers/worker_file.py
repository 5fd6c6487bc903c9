"""The file in which one process keeps its values of one kind, or memory where there is no file."""

import mmap
import os
import struct
from pathlib import Path
from typing import Final

from burnrate.telemetry.workers import metric_files
from burnrate.telemetry.workers.metric_files import HEADER_BYTES
from burnrate.telemetry.workers.owners import own_token
from burnrate.telemetry.workers.reserved_files import is_in_place, map_reserved

_INITIAL_BYTES: Final = 1 << 16
_USED: Final = struct.Struct("i")
_NO_FILE: Final = -1


class WorkerFile:
    """This process's values of one kind, where the others can read them if that is possible.

    Where the file cannot be made, or cannot grow, its values go on in memory of this process:
    they are in no scrape of another one until `replacement` finds a place for them.

    Args:
        path: Where it is, or will be after `put_in_place`.
        is_new: Begin with nothing, under another name, whatever stands at `path`.

    Attributes:
        trouble: Why values are in memory only; None where they are in the file.
        doubles: The values, at the places that `index` returns.
    """

    def __init__(self, path: Path, *, is_new: bool = False) -> None:
        self.trouble: OSError | None = None
        self.doubles: memoryview[float]
        self._path = path
        self._written = path.with_suffix(".new") if is_new else path
        self._used = HEADER_BYTES
        self._indexes: dict[str, int] = {}
        self._descriptor = self._open(is_new=is_new)
        size = _INITIAL_BYTES
        if self._descriptor != _NO_FILE:
            size = max(os.fstat(self._descriptor).st_size // 8 * 8, size)
        self._map(size)
        if not self.trouble:
            self._take_over()
        self._mapped[:HEADER_BYTES] = metric_files.header(self._used, own_token())

    def _open(self, *, is_new: bool) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if is_new else 0)
        try:
            return os.open(self._written, flags, 0o600)
        except OSError as error:
            self.trouble = error
            return _NO_FILE

    def _take_over(self) -> None:
        # A file is there already if a process with the same id has died and was not folded.
        self._used = metric_files.bytes_used(self._mapped) or HEADER_BYTES
        entries = metric_files.read_entries(self._mapped, HEADER_BYTES, self._used)
        self._indexes = {key.decode(): index for key, index in entries}

    def index(self, key: str) -> int:
        """Return the place of a key's value among `doubles`, which may be replaced by this."""
        index = self._indexes.get(key)
        if index is None:
            index = self._indexes[key] = self._add(key)
        return index

    def is_in_place(self) -> bool:
        """Say whether other processes find every value in the file."""
        return not self.trouble and is_in_place(self._descriptor, self._path)

    def put_in_place(self) -> None:
        """Take the place of whatever stands at the path.

        Raises:
            OSError: That is not possible.
        """
        self._written.replace(self._path)

    def close(self) -> None:
        """Let go of the file; values that were placed in it keep their memory."""
        if self._descriptor != _NO_FILE:
            os.close(self._descriptor)
            self._descriptor = _NO_FILE

    def _add(self, key: str) -> int:
        entry = metric_files.pack_entry(key.encode(), 0.0, 0.0)
        while self._used + len(entry) > len(self._mapped):
            # Values placed earlier keep using the old mapping: both map the same file.
            self._map(2 * len(self._mapped))
        self._mapped[self._used : self._used + len(entry)] = entry
        self._used += len(entry)
        # Readers see what stands up to here, so the entry is written first.
        self._mapped[: _USED.size] = _USED.pack(self._used)
        return self._used // 8 - 2

    def _map(self, size: int) -> None:
        if not self.trouble:
            try:
                self._mapped = map_reserved(self._descriptor, size)
            except OSError as error:
                self.trouble = error
        if self.trouble:
            self._mapped = mmap.mmap(-1, size)
        self.doubles = memoryview(self._mapped).cast("d")
