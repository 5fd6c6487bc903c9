"""Exemplars of many workers, which prometheus_client drops.

Each worker keeps, for each histogram bucket, the latest sampled request that fell into it, in a
memory-mapped file beside its metric files. A record has a sequence number that is odd while it is
written, so that a reader in another process never takes half of one.
"""

import mmap
import os
import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from prometheus_client.samples import Exemplar

from burnrate.telemetry.failures import failed
from burnrate.telemetry.workers.reserved_files import map_reserved

_NAME: Final = re.compile(r"exemplars_(\d+)\.bin")
_HEADER: Final = struct.Struct("Q")  # bytes used
_KEY_LENGTH: Final = struct.Struct("Q")
# Sequence number, value, time stamp, rendered labels. OpenMetrics allows 128 characters in all
# labels together; what does not fit (a label set in another alphabet) is left out.
_RECORD: Final = struct.Struct("Qdd192s")
_SEQUENCE: Final = struct.Struct("Q")
_INITIAL_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest exemplar of one bucket: its labels as text, its value, its time stamp."""

    labels: str
    value: float
    timestamp: float


class ExemplarWriter:
    """Writes this process's exemplars; after a fork, the child's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid = 0
        self._is_off = False  # where its file cannot be written
        self._inode = 0
        self._map: mmap.mmap | None = None
        self._used = _HEADER.size
        self._positions: dict[str, int] = {}
        self._lock = Lock()

    def put(self, key: str, exemplar: Exemplar) -> None:
        """Keep `exemplar` as the latest of a bucket; one with more than 192 bytes is left out.

        Where the disk is full or the folder gone there are no exemplars until `keep` finds room.

        Args:
            key: The bucket's, as in the metric files.
            exemplar: Its time stamp in seconds since 1970.
        """
        labels = ",".join(f'{name}="{escape(text)}"' for name, text in exemplar.labels.items())
        encoded = labels.encode()
        if self._is_off or len(encoded) > 192:  # noqa: PLR2004 - the record's own size
            return
        try:
            with self._lock:
                if self._pid != os.getpid():
                    self._open()
                position = self._positions.get(key)
                if position is None:
                    position = self._add(key)
                self._write(position, exemplar.value, float(exemplar.timestamp or 0.0), encoded)
        except OSError as error:
            self._is_off = True
            failed("files", error)

    def keep(self) -> None:
        """Begin a new file at the next exemplar if somebody has removed the present one."""
        if self._pid != os.getpid():
            return
        try:
            is_in_place = (self._folder / self._name).stat().st_ino == self._inode
        except OSError:
            is_in_place = False
        if not is_in_place or self._is_off:
            self._pid = 0
            self._is_off = False

    def start_anew(self) -> None:
        """Begin in a forked child, where another thread of the parent may have held the lock."""
        self._lock = Lock()

    @property
    def _name(self) -> str:
        return f"exemplars_{self._pid}.bin"

    def _write(self, position: int, value: float, timestamp: float, labels: bytes) -> None:
        view = self._map
        assert view is not None  # noqa: S101 - _open has made it
        (sequence,) = _SEQUENCE.unpack_from(view, position)
        view[position : position + _SEQUENCE.size] = _SEQUENCE.pack(sequence + 1)
        record = _RECORD.pack(sequence + 1, value, timestamp, labels)
        view[position : position + _RECORD.size] = record
        view[position : position + _SEQUENCE.size] = _SEQUENCE.pack(sequence + 2)

    def _open(self) -> None:
        self._pid = os.getpid()
        self._positions = {}
        self._used = _HEADER.size
        path = self._folder / self._name
        path.unlink(missing_ok=True)  # of an earlier process with this number
        self._map = _mapped(path, _INITIAL_BYTES)
        self._inode = path.stat().st_ino
        self._map[: _HEADER.size] = _HEADER.pack(self._used)

    def _add(self, key: str) -> int:
        encoded = key.encode()
        padded = encoded + b" " * (-len(encoded) % 8)
        size = _KEY_LENGTH.size + len(padded) + _RECORD.size
        assert self._map is not None  # noqa: S101 - _open has made it
        while self._used + size > len(self._map):
            self._map = _mapped(self._folder / self._name, 2 * len(self._map))
        begin = self._used
        head = _KEY_LENGTH.pack(len(encoded)) + padded
        self._map[begin : begin + len(head)] = head
        self._used = begin + size
        self._map[: _HEADER.size] = _HEADER.pack(self._used)
        self._positions[key] = begin + len(head)
        return begin + len(head)


def read_latest(folder: Path) -> dict[bytes, Latest]:
    """Return the latest exemplar of each bucket over all workers, by the bucket's key.

    One that is just being written is left out.
    """
    latest: dict[bytes, Latest] = {}
    for path in exemplar_files(folder):
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # its worker has just been folded away
            continue
        for key, found in _read(data):
            present = latest.get(key)
            if present is None or present.timestamp < found.timestamp:
                latest[key] = found
    return latest


def exemplar_files(folder: Path) -> dict[Path, int]:
    """Return the exemplar files in `folder` and the pids of their workers."""
    try:
        matches = [(path, _NAME.fullmatch(path.name)) for path in folder.iterdir()]
    except FileNotFoundError:
        return {}
    return {path: int(match[1]) for path, match in matches if match}


def _read(data: bytes) -> Iterator[tuple[bytes, Latest]]:
    if len(data) < _HEADER.size:
        return
    (used,) = _HEADER.unpack_from(data, 0)
    position = _HEADER.size
    while position + _KEY_LENGTH.size <= min(used, len(data)):
        (length,) = _KEY_LENGTH.unpack_from(data, position)
        begin = position + _KEY_LENGTH.size
        record_at = begin + length + -length % 8
        position = record_at + _RECORD.size
        if position > len(data):
            return
        sequence, value, timestamp, labels = _RECORD.unpack_from(data, record_at)
        if sequence and sequence % 2 == 0:
            with suppress(UnicodeDecodeError):  # of a damaged file
                text = labels.rstrip(b"\0").decode()
                yield data[begin : begin + length], Latest(text, value, timestamp)


def _mapped(path: Path, size: int) -> mmap.mmap:
    with path.open("a+b") as file:
        return map_reserved(file.fileno(), size)


def escape(text: str) -> str:
    """Return a label's value as both exposition formats write it."""
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
