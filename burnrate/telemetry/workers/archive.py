"""Folds what dead workers counted into one archive, so that their files do not pile up.

prometheus_client keeps the files of every worker that ever lived (its issues 275, 367, 568), so a
scrape costs more with each recycled worker. Here a dead worker's values move into one archive a
kind, under an exclusive lock that scrapes share: a scrape sees them in the worker's file or in
the archive, never in both, never in neither.

A crash between writing the archive and removing the worker's files must not count them twice, so
the archive names, behind its entries, the files it has taken in.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from burnrate.telemetry.platforms import fcntl
from burnrate.telemetry.workers import metric_files
from burnrate.telemetry.workers.exemplars import exemplar_files
from burnrate.telemetry.workers.metric_files import ARCHIVE, MetricFile
from burnrate.telemetry.workers.owners import is_alive
from burnrate.telemetry.workers.reserved_files import is_in_place

# A value with its time stamp or, for a sum, its rounding error; and how two of them are merged.
Value = tuple[float, float]
Combine = Callable[[Value, Value], Value]


def _add(one: Value, other: Value) -> Value:
    """Add two sums exactly; the rounding error is kept where a gauge has its time stamp.

    A sum that is rounded in another order may come out smaller by its last digit, and Prometheus
    takes any counter that falls for one that began anew. (Knuth's two-sum.)
    """
    value = one[0] + other[0]
    added = value - one[0]
    rest = (one[0] - (value - added)) + (other[0] - added)
    return value, one[1] + other[1] + rest


_LOCK: Final = "lock"
# Ten times what a scrape or a fold takes on a busy machine.
_PATIENCE_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.002
_SUMS: Final = ("counter", "histogram", "summary")
# How a gauge's values of two workers are merged; the other modes cover live workers only.
# `all` would add a series for each worker that ever lived, so it counts as `liveall`.
_GAUGES: Final[dict[str, Combine]] = {
    "gauge_sum": _add,
    "gauge_min": min,
    "gauge_max": max,
    "gauge_mostrecent": lambda one, other: max(one, other, key=lambda each: each[1]),
}


@contextmanager
def locked(
    folder: Path, *, exclusive: bool, patience_seconds: float = _PATIENCE_SECONDS
) -> Iterator[None]:
    """Hold the folder's lock for the block; it ends with its process, too.

    Args:
        folder: The metric files.
        exclusive: To fold dead workers; scrapes share it.
        patience_seconds: How long to wait for others: one of them may have been stopped.

    Raises:
        OSError: There is no such folder, or it took too long (TimeoutError).
    """
    flags = os.O_RDWR | os.O_CREAT
    if not os.access(folder, os.W_OK):  # the file system is read-only: scrapes go on
        flags = os.O_RDONLY
    descriptor = os.open(folder / _LOCK, flags | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, patience_seconds)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int, patience_seconds: float) -> None:
    until = monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > until:
                raise TimeoutError("the metric files are locked") from None
            sleep(_POLL_SECONDS)
        else:
            return


def fold_dead(folder: Path, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
    """Move the values of all dead workers into the archive and remove their files.

    Waits for scrapes that are under way. Where a kind cannot be moved its files stay.

    Args:
        folder: The metric files.
        patience_seconds: How long to wait for others.

    Raises:
        OSError: The folder is gone or read-only, the disk full, or others hold it for longer.
    """
    with locked(folder, exclusive=True, patience_seconds=patience_seconds):
        trouble: OSError | None = None
        by_kind: dict[str, list[MetricFile]] = {}
        for file in metric_files.dead_files(metric_files.list_files(folder)):
            by_kind.setdefault(file.kind, []).append(file)
        for kind, files in by_kind.items():
            combine = _add if kind in _SUMS else _GAUGES.get(kind)
            try:
                if combine is not None:
                    _fold(folder, kind, files, combine)
                for file in files:
                    file.path.unlink(missing_ok=True)
            except OSError as error:
                # The disk is full: the files stay, and each scrape goes on reading them.
                trouble = error
        for path, pid in exemplar_files(folder).items():
            if not is_alive(pid):
                path.unlink(missing_ok=True)
    if trouble is not None:
        raise trouble


def _fold(folder: Path, kind: str, files: list[MetricFile], combine: Combine) -> None:
    archive = folder / f"{kind}_{ARCHIVE}.db"
    data = archive.read_bytes() if archive.exists() else b""
    taken_in = _taken_in(data)
    identities = [_identity(file) for file in files]
    dead = [
        file.path.read_bytes()
        for file, identity in zip(files, identities, strict=True)
        if identity not in taken_in
    ]
    # The first one that is folded is what the archive begins with.
    sums = _Sums(data or (dead.pop(0) if dead else b""))
    for content in dead:
        sums.add(content, combine)
    written = archive.with_suffix(".tmp")
    written.write_bytes(sums.packed() + json.dumps(identities).encode())
    written.replace(archive)


class _Sums:
    """An archive's entries; values that are there already are changed in place."""

    def __init__(self, archive: bytes) -> None:
        used = metric_files.bytes_used(archive)
        entries = metric_files.read_entries(archive, metric_files.HEADER_BYTES, used)
        end = (entries[-1][1] + 2) * 8 if entries else metric_files.HEADER_BYTES
        self._entries = bytearray(archive[:end].ljust(metric_files.HEADER_BYTES, b"\0"))
        self._doubles = memoryview(self._entries).cast("d")
        self._places = dict(entries)
        self._new: dict[bytes, Value] = {}

    def add(self, file: bytes, combine: Combine) -> None:
        doubles, places, new = self._doubles, self._places, self._new
        for key, value, stamp in metric_files.read_values(file):
            place = places.get(key)
            if place is not None:
                present = (doubles[place], doubles[place + 1])
                doubles[place], doubles[place + 1] = combine(present, (value, stamp))
            else:
                known = new.get(key)
                new[key] = (value, stamp) if known is None else combine(known, (value, stamp))

    def packed(self) -> bytes:
        added = metric_files.pack((key, *value) for key, value in self._new.items())
        used = len(self._entries) + len(added) - metric_files.HEADER_BYTES
        return b"".join(
            (
                metric_files.header(used),
                memoryview(self._entries)[metric_files.HEADER_BYTES :],
                added[metric_files.HEADER_BYTES :],
            )
        )


def _identity(file: MetricFile) -> str:
    return f"{file.owner}-{file.path.stat().st_ino}"


def _taken_in(archive: bytes) -> list[str]:
    behind = archive[metric_files.bytes_used(archive) :]
    try:
        identities: list[str] = json.loads(behind) if behind else []
    except ValueError:  # damaged: nothing would be folded any more
        return []
    return identities


class HeldArchives:
    """Keeps the archives open, so that they can be put back where somebody removes them.

    What the dead have counted stands nowhere else, and a counter that falls looks like one that
    began anew.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = [folder / f"{kind}_{ARCHIVE}.db" for kind in (*_SUMS, *_GAUGES)]
        self._folder = folder
        self._held: dict[Path, int] = {}

    def keep(self) -> None:
        """Hold the newest of each kind; put back one that is gone.

        Raises:
            OSError: It could not be put back.
        """
        for path in self._paths:
            held = self._held.get(path)
            if held is not None and is_in_place(held, path):
                continue
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                if held is not None:
                    self._put_back(path, held)
                continue
            if held is not None:
                os.close(held)
            self._held[path] = descriptor

    def _put_back(self, path: Path, held: int) -> None:
        # In the event loop: who holds the lock for longer leaves it to the next second.
        with locked(self._folder, exclusive=True, patience_seconds=_POLL_SECONDS):
            if path.exists():  # another worker was faster
                return
            written = path.with_suffix(".tmp")
            written.write_bytes(os.pread(held, os.fstat(held).st_size, 0))
            written.replace(path)
