"""How one of many workers keeps a metric's value: a double in a file that the others can read.

The files are those of prometheus_client's multiprocess mode (see `metric_files`); the library's own
writer looks up the process id and the key at every increment, which costs as much as all else that
a request's metrics cost. Here a value knows its place, and forks are noticed when they happen.
"""

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final

from prometheus_client.mmap_dict import mmap_key
from prometheus_client.samples import Exemplar

from burnrate.telemetry.workers import metric_files
from burnrate.telemetry.workers.exemplars import ExemplarWriter
from burnrate.telemetry.workers.metric_files import HEADER_BYTES
from burnrate.telemetry.workers.reserved_files import map_reserved

_INITIAL_BYTES: Final = 1 << 16
_USED: Final = struct.Struct("i")


class _WorkerFile:
    """This process's file of one kind."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = max(os.fstat(self._descriptor).st_size, _INITIAL_BYTES)
        self._map(size)
        # A file is there already if a process with the same id has died and was not folded.
        self._used = metric_files.bytes_used(self._mapped) or HEADER_BYTES
        entries = metric_files.read_entries(self._mapped, HEADER_BYTES, self._used)
        self._indexes = {key.decode(): index for key, index in entries}
        self._publish()

    def index(self, key: str) -> int:
        """Return the place of a key's value among `doubles`, which may be replaced by this."""
        index = self._indexes.get(key)
        if index is None:
            index = self._indexes[key] = self._add(key)
        return index

    def _add(self, key: str) -> int:
        entry = metric_files.pack_entry(key.encode(), 0.0, 0.0)
        while self._used + len(entry) > len(self._mapped):
            # Values placed earlier keep using the old mapping: both map the same file.
            self._map(2 * len(self._mapped))
        self._mapped[self._used : self._used + len(entry)] = entry
        self._used += len(entry)
        self._publish()
        return self._used // 8 - 2

    def _publish(self) -> None:
        """Let readers see what stands up to `_used`; it is written first."""
        self._mapped[: _USED.size] = _USED.pack(self._used)

    def _map(self, size: int) -> None:
        self._mapped = map_reserved(self._descriptor, size)
        self.doubles: memoryview[float] = memoryview(self._mapped).cast("d")


class _Store:
    """All values of this process; a forked child gets files of its own, at zero."""

    def __init__(self, folder: Path) -> None:
        self.lock = Lock()
        self._folder = folder
        self._files: dict[str, _WorkerFile] = {}
        self._values: list[Any] = []
        os.register_at_fork(after_in_child=self._start_anew)

    def add(self, value: Any) -> None:  # noqa: ANN401 - the class is made at run time
        with self.lock:
            self._values.append(value)
            self._place(value)

    def _place(self, value: Any) -> None:  # noqa: ANN401 - the same
        file = self._files.get(value.kind)
        if file is None:
            path = self._folder / f"{value.kind}_{os.getpid()}.db"
            file = self._files[value.kind] = _WorkerFile(path)
        index = file.index(value.key)
        value.place(file.doubles, index)

    def _start_anew(self) -> None:
        self.lock = Lock()  # the parent's other threads may have held it
        self._files = {}
        if self._folder.is_dir():
            for value in self._values:
                self._place(value)


def make_value_class(folder: Path) -> type:
    """Return what `prometheus_client.values.ValueClass` must be for files below `folder`.

    Each call makes a store of its own; a process needs one.
    """
    store = _Store(folder)
    exemplars = ExemplarWriter(folder)

    class FileValue:
        """One series of this process."""

        _multiprocess = True

        def __init__(
            self,
            typ: str,
            metric_name: str,
            name: str,
            labelnames: Sequence[str],
            labelvalues: Sequence[str],
            help_text: str,
            multiprocess_mode: str = "",
            **_: object,
        ) -> None:
            self.kind = f"{typ}_{multiprocess_mode}" if typ == "gauge" else typ
            self.key: str = mmap_key(
                metric_name, name, list(labelnames), list(labelvalues), help_text
            )
            store.add(self)

        def place(self, doubles: "memoryview[float]", index: int) -> None:
            """Take over the value at this place."""
            self.doubles = doubles
            self.index = index
            self.amount = doubles[index]

        def inc(self, amount: float) -> None:
            """Add `amount`; an aligned double is written in one piece, so no reader sees half."""
            with store.lock:
                value = self.amount = self.amount + amount
                self.doubles[self.index] = value

        def set(self, value: float, timestamp: float | None = None) -> None:
            """Replace the value, and say when it was set, in seconds since 1970."""
            with store.lock:
                self.amount = float(value)
                self.doubles[self.index] = self.amount
                self.doubles[self.index + 1] = timestamp or 0.0

        @staticmethod
        def add_all(
            one: "FileValue", one_amount: float, other: "FileValue", other_amount: float,
            third: "FileValue", third_amount: float, fourth: "FileValue", fourth_amount: float,
        ) -> None:  # fmt: skip
            """Add to four values under one lock."""
            with store.lock:
                value = one.amount = one.amount + one_amount
                one.doubles[one.index] = value
                value = other.amount = other.amount + other_amount
                other.doubles[other.index] = value
                value = third.amount = third.amount + third_amount
                third.doubles[third.index] = value
                value = fourth.amount = fourth.amount + fourth_amount
                fourth.doubles[fourth.index] = value

        def get(self) -> float:
            """Return this process's part."""
            return self.amount

        def set_exemplar(self, exemplar: Exemplar) -> None:
            """Keep the latest exemplar of this bucket."""
            exemplars.put(self.key, exemplar)

        def get_exemplar(self) -> None:
            """Return none: a scrape reads those of all workers from their files."""

    return FileValue
