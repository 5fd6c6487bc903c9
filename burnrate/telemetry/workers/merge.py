"""Adds up the files of all workers, keeping what does not change between two scrapes.

A scrape of prometheus_client parses every key of every worker anew. Here a file's keys are read
once, since they never move; then a scrape reads doubles at known places and adds them up.
"""

import mmap
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import fsum
from pathlib import Path
from threading import Lock
from typing import Final

from burnrate.telemetry.failures import failed, guard
from burnrate.telemetry.workers import archive, metric_files
from burnrate.telemetry.workers.exemplars import Latest, read_latest
from burnrate.telemetry.workers.families import Key, Layout, render_gauges
from burnrate.telemetry.workers.metric_files import HEADER_BYTES, MetricFile
from burnrate.telemetry.workers.owners import UNKNOWN, is_alive

_GAUGE: Final = "gauge_"
# How the name of a histogram's bucket ends in a key.
_BUCKET: Final = b'_bucket",'
_NO_DOUBLES: Final["memoryview[float]"] = memoryview(b"").cast("d")


class _Slots:
    """Gives each key of a counter, summary or histogram a place in the totals."""

    def __init__(self) -> None:
        self.keys: list[tuple[str, bytes]] = []
        # Buckets hold whole numbers, which add up without rounding; everything else may not.
        self.fractions: set[int] = set()
        self._places: dict[bytes, int] = {}

    def place_all(self, kind: str, keys: list[bytes], places: list[int]) -> None:
        """Add the places of these keys to `places`; new keys get the next ones."""
        known = self._places
        for key in keys:
            place = known.get(key)
            if place is None:
                place = known[key] = len(self.keys)
                self.keys.append((kind, key))
                if _BUCKET not in key:
                    self.fractions.add(place)
            places.append(place)


class _OpenFile:
    """A worker's file, mapped, with the places of the values found in it so far."""

    def __init__(self, file: MetricFile) -> None:
        self._file = file
        self._descriptor = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
        self.inode = os.fstat(self._descriptor).st_ino
        self._size = 0
        self._map: mmap.mmap | None = None
        self._doubles: memoryview[float] = _NO_DOUBLES
        self._read_until = HEADER_BYTES
        self._indexes: list[int] = []
        self._slots: list[int] = []
        self._fractions: list[tuple[int, int]] = []

    def refresh(self, slots: _Slots) -> None:
        """Read the keys that came since the last time."""
        size = os.fstat(self._descriptor).st_size // 8 * 8
        if size < self._size:  # somebody has cut it
            self._read_until = HEADER_BYTES
            self._indexes, self._slots, self._fractions = [], [], []
        if size != self._size:
            self._remap(size)
        if self._map is None:
            return  # its worker is about to give it a size
        used = metric_files.bytes_used(self._map)
        if used <= self._read_until:
            return
        entries = metric_files.read_entries(self._map, self._read_until, used)
        if entries:
            first = len(self._slots)
            slots.place_all(self._file.kind, [key for key, _ in entries], self._slots)
            self._indexes += [index for _, index in entries]
            added = zip(self._slots[first:], self._indexes[first:], strict=True)
            self._fractions += [each for each in added if each[0] in slots.fractions]
            self._read_until = (entries[-1][1] + 2) * 8

    def add_to(self, totals: list[float], parts: dict[int, list[float]]) -> None:
        """Add this file's values to the totals of their slots, and what is to be added exactly."""
        doubles = self._doubles
        for slot, index in zip(self._slots, self._indexes, strict=True):
            totals[slot] += doubles[index]
        # In an archive a sum's rounding error stands after it; in a worker's file that is 0.
        for slot, index in self._fractions:
            parts[slot] += doubles[index : index + 2]

    def is_written(self) -> bool:
        """Say whether it still counts though it has no name any more."""
        pid = self._file.pid
        if pid is None:
            return True
        token = UNKNOWN if self._map is None else metric_files.token_in(self._map)
        return token != UNKNOWN and is_alive(pid, token)  # without one nobody makes it anew

    def close(self) -> None:
        """Let go of the file."""
        self._remap(0)
        os.close(self._descriptor)

    def _remap(self, size: int) -> None:
        if self._map is not None:
            self._doubles.release()
            self._doubles = _NO_DOUBLES
            self._map.close()
            self._map = None
        self._size = size
        if size:
            self._map = mmap.mmap(self._descriptor, size, access=mmap.ACCESS_READ)
            self._doubles = memoryview(self._map).cast("d")


class NoFilesError(Exception):
    """There is nothing to merge: each process keeps its values in its own memory."""


class MergedFiles:
    """One picture of all workers, live and dead, whichever of them is asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, _OpenFile] = {}
        self._slots = _Slots()
        self._layout = Layout([])
        self._damaged: set[bytes] = set()
        self._gauge_keys: dict[bytes, Key | None] = {}
        self._lock = Lock()

    def render(self, *, is_openmetrics: bool) -> str:
        """Return all workers' metrics as they are now; dead ones are folded first.

        A worker's file that somebody has removed is read on as long as the worker lives: it goes
        on writing into what was removed until it makes its file anew.

        Args:
            is_openmetrics: In that format, with exemplars; else in Prometheus' text format.

        Raises:
            NoFilesError: No worker has been able to write one.
            OSError: They cannot be read now.
        """
        with self._lock:
            if metric_files.dead_files(metric_files.list_files(self._folder)):
                with guard("files"):
                    archive.fold_dead(self._folder)
            with self._locked():
                files = metric_files.list_files(self._folder)
                totals = self._totals([each for each in files if not _is_gauge(each)])
                gauges = [self._read_gauges(each) for each in files if _is_gauge(each)]
            if not files and not self._open:
                raise NoFilesError
            if len(self._slots.keys) != self._layout.size:
                self._layout = self._lay_out()
            exemplars: dict[bytes, Latest] | None = None
            if is_openmetrics:
                exemplars = read_latest(self._folder)
            sums = self._layout.render(totals, exemplars)
            text = sums + render_gauges(entry for entries in gauges for entry in entries)
        return text + "# EOF\n" if is_openmetrics else text

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep others from folding for the block; without a folder nobody can."""
        with ExitStack() as stack:
            try:
                stack.enter_context(archive.locked(self._folder, exclusive=False))
            except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
                failed("files", error)
            yield

    def _totals(self, files: list[MetricFile]) -> list[float]:
        for gone in self._open.keys() - {each.path.name for each in files}:
            if not self._open[gone].is_written():
                self._open.pop(gone).close()
        for file in files:
            self._opened(file).refresh(self._slots)
        totals = [0.0] * len(self._slots.keys)
        parts: defaultdict[int, list[float]] = defaultdict(list)
        for opened in self._open.values():
            opened.add_to(totals, parts)
        for slot, values in parts.items():
            totals[slot] = fsum(values)  # exact, so in whatever order it is the same
        return totals

    def _opened(self, file: MetricFile) -> _OpenFile:
        opened = self._open.get(file.path.name)
        if opened is None or opened.inode != file.path.stat().st_ino:
            if opened is not None:
                opened.close()
            opened = self._open[file.path.name] = _OpenFile(file)
        return opened

    def _lay_out(self) -> Layout:
        keys = self._slots.keys
        try:
            return Layout(keys, self._damaged)
        except Exception as error:  # noqa: BLE001 - of a file that is damaged; the others are shown
            failed("files", error)
            self._damaged = {raw for kind, raw in keys if not _is_sound(kind, raw)}
            return Layout(keys, self._damaged)

    def _gauge_key(self, raw: bytes) -> Key | None:
        if raw not in self._gauge_keys:
            key = None
            with guard("files"):  # the same
                parsed = Key.parse(raw)
                if parsed.start:  # it is made of labels that are texts
                    key = parsed
            self._gauge_keys[raw] = key
        return self._gauge_keys[raw]

    def _read_gauges(self, file: MetricFile) -> list[tuple[str, str, Key, float, float]]:
        entries = []
        for raw, value, stamp in metric_files.read_values(file.path.read_bytes()):
            key = self._gauge_key(raw)
            if key is not None:
                entries.append((file.kind, file.owner, key, value, stamp))
        return entries


def _is_sound(kind: str, raw: bytes) -> bool:
    try:
        Layout([(kind, raw)])
    except Exception:  # noqa: BLE001 - anything may stand there
        return False
    return True


def _is_gauge(file: MetricFile) -> bool:
    return file.kind.startswith(_GAUGE)
