"""The files in which prometheus_client's workers keep their values, read and written raw.

Layout, from `prometheus_client/mmap_dict.py`: 4 bytes with the number of bytes used, 4 of padding
(here they tell the process that wrote the file from a later one with its number), then entries. An
entry is 4 bytes with the key's length, the key (JSON), spaces up to the next multiple of 8, the
value and a time stamp, both doubles. Values are therefore aligned, and a whole file can be read as
an array of doubles.
"""

import mmap
import os
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from burnrate.telemetry.workers.owners import UNKNOWN, is_alive, token_of

HEADER_BYTES: Final = 8
ARCHIVE: Final = "archive"
_VALUE_BYTES: Final = 16
_INTEGER: Final = struct.Struct("i")
_HEADER: Final = struct.Struct("ii")
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


def dead_files(files: Iterable[MetricFile]) -> list[MetricFile]:
    """Return the files whose workers are gone, even where another process has the pid by now."""
    tokens: dict[int, int | None] = {}
    found = []
    for file in files:
        pid = file.pid
        if pid is None:
            continue
        if pid not in tokens:
            tokens[pid] = token_of(pid) if is_alive(pid) else None
        if not _is_of(file, tokens[pid]):
            found.append(file)
    return found


def _is_of(file: MetricFile, token: int | None) -> bool:
    if token is None or token == UNKNOWN:
        return token is not None
    try:
        return read_token(file.path) in (token, UNKNOWN)
    except FileNotFoundError:  # another process has just folded it
        return True


def is_of_the_living(kind: str) -> bool:
    """Say whether files of this kind mean nothing once their process is gone."""
    return kind.startswith(("gauge_live", "gauge_all"))


def list_files(folder: Path) -> list[MetricFile]:
    """Return the metric files in `folder`, by name; none where it is gone or closed to us."""
    found = []
    try:
        entries = sorted(os.scandir(folder), key=lambda each: each.name)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    for entry in entries:
        match = _NAME.fullmatch(entry.name)
        if match is not None and entry.is_file():
            found.append(MetricFile(Path(entry.path), match["kind"], match["owner"]))
    return found


def bytes_used(data: bytes | mmap.mmap) -> int:
    """Return how much of a file holds entries; 0 for one that is only just being made."""
    if len(data) < HEADER_BYTES:
        return 0
    (used,) = _INTEGER.unpack_from(data, 0)
    return int(used) if HEADER_BYTES <= used <= len(data) else 0


def read_entries(data: bytes | mmap.mmap, start: int, used: int) -> list[tuple[bytes, int]]:
    """Return the key of each entry, and the index of its value among the file's doubles.

    Stops at an entry that is torn: its worker died while it wrote it. (A loop without calls or
    generators: the first scrape of a process and each fold read tens of thousands of entries.)

    Args:
        data: The whole file.
        start: The byte to begin at: that of an entry, or 0 for the first one.
        used: How many bytes hold entries, from `bytes_used`.
    """
    entries = []
    unpack = _INTEGER.unpack_from
    position = max(start, HEADER_BYTES)
    last = used - _INTEGER.size
    while position <= last:
        length = unpack(data, position)[0]
        # The key, then spaces up to a multiple of 8, at least one.
        value_at = position + (length + 12) // 8 * 8
        if length <= 0 or value_at + _VALUE_BYTES > used:
            break
        begin = position + 4
        entries.append((data[begin : begin + length], value_at // 8))
        position = value_at + _VALUE_BYTES
    return entries


def read_values(data: bytes) -> Iterator[tuple[bytes, float, float]]:
    """Yield key, value and time stamp of each entry."""
    doubles = memoryview(data)[: len(data) // 8 * 8].cast("d")
    for key, index in read_entries(data, HEADER_BYTES, bytes_used(data)):
        yield key, doubles[index], doubles[index + 1]


def pack_entry(key: bytes, value: float, timestamp: float) -> bytes:
    """Return the bytes of one entry, a multiple of eight.

    Args:
        key: From `prometheus_client.mmap_dict.mmap_key`.
        value: The sample's.
        timestamp: When a gauge was set, in seconds since 1970; 0.0 for anything else.
    """
    padding = b" " * (8 - (len(key) + _INTEGER.size) % 8)
    return b"".join((_INTEGER.pack(len(key)), key, padding, _VALUES.pack(value, timestamp)))


def pack(values: Iterable[tuple[bytes, float, float]]) -> bytes:
    """Return a file that holds these entries."""
    body = b"".join(pack_entry(*each) for each in values)
    used = HEADER_BYTES + len(body)
    return header(used) + body


def header(used: int, token: int = 0) -> bytes:
    """Return the first eight bytes of a file.

    Args:
        used: How many of its bytes hold something, these included.
        token: The owner's (`owners`), in four bytes that prometheus_client leaves free.
    """
    return _HEADER.pack(used, token)


def read_token(path: Path) -> int:
    """Return the token in a file's header; 0 where there is none."""
    with path.open("rb", buffering=0) as file:
        return token_in(file.read(HEADER_BYTES))


def token_in(data: bytes | mmap.mmap) -> int:
    """Return the token in a file's content; 0 where there is none."""
    return int(_HEADER.unpack_from(data)[1]) if len(data) >= HEADER_BYTES else 0
