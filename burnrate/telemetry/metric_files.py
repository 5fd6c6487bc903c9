"""The files in which prometheus_client's workers keep their values, read and written raw.

Layout, from `prometheus_client/mmap_dict.py`: 4 bytes with the number of bytes used, 4 of padding,
then entries. An entry is 4 bytes with the key's length, the key (JSON), spaces up to the next
multiple of 8, the value and a time stamp, both doubles. Values are therefore aligned, and a whole
file can be read as an array of doubles.
"""

import os
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HEADER_BYTES: Final = 8
ARCHIVE: Final = "archive"
_VALUE_BYTES: Final = 16
_INTEGER: Final = struct.Struct("i")
_VALUES: Final = struct.Struct("dd")
_NAME: Final = re.compile(r"(?P<kind>counter|histogram|summary|gauge_[a-z]+)_(?P<owner>\w+)\.db")


@dataclass(frozen=True, slots=True)
class MetricFile:
    """One file: what kind of values it holds, and whose.

    Attributes:
        kind: `counter`, `histogram`, `summary`, or `gauge_` and the way it is merged.
        owner: A worker's pid, or `archive` for all that are gone.
    """

    path: Path
    kind: str
    owner: str

    @property
    def pid(self) -> int | None:
        """The worker's pid, None for the archive."""
        return int(self.owner) if self.owner.isdecimal() else None


def list_files(folder: Path) -> list[MetricFile]:
    """Return the metric files in `folder`, sorted by name."""
    found = []
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        match = _NAME.fullmatch(entry.name)
        if match is not None:
            found.append(MetricFile(Path(entry.path), match["kind"], match["owner"]))
    return found


def bytes_used(data: bytes | memoryview) -> int:
    """Return how much of a file holds entries; 0 for one that is only just being made."""
    if len(data) < HEADER_BYTES:
        return 0
    (used,) = _INTEGER.unpack_from(data, 0)
    return int(used) if HEADER_BYTES <= used <= len(data) else 0


def read_entries(data: bytes | memoryview, start: int, used: int) -> Iterator[tuple[bytes, int]]:
    """Yield each key from `start` on, and the index of its value among the file's doubles.

    Stops at an entry that is torn: its worker died while it wrote it.
    """
    position = max(start, HEADER_BYTES)
    while position + _INTEGER.size <= used:
        (length,) = _INTEGER.unpack_from(data, position)
        begin = position + _INTEGER.size
        value_at = begin + length + 8 - (length + _INTEGER.size) % 8
        if length <= 0 or value_at + _VALUE_BYTES > used:
            return
        yield bytes(data[begin : begin + length]), value_at // 8
        position = value_at + _VALUE_BYTES


def read_values(data: bytes) -> Iterator[tuple[bytes, float, float]]:
    """Yield key, value and time stamp of each entry."""
    for key, index in read_entries(data, HEADER_BYTES, bytes_used(data)):
        value, timestamp = _VALUES.unpack_from(data, index * 8)
        yield key, value, timestamp


def pack_entry(key: bytes, value: float, timestamp: float) -> bytes:
    """Return one entry."""
    padding = b" " * (8 - (len(key) + _INTEGER.size) % 8)
    return b"".join((_INTEGER.pack(len(key)), key, padding, _VALUES.pack(value, timestamp)))


def pack(values: Iterable[tuple[bytes, float, float]]) -> bytes:
    """Return a file that holds these entries."""
    body = b"".join(pack_entry(*each) for each in values)
    used = HEADER_BYTES + len(body)
    return _INTEGER.pack(used) + b"\0\0\0\0" + body
