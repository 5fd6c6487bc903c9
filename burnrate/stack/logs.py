"""Log files of the parts: their last lines, and what is added to them."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import click

_BLOCK_BYTES = 64 * 1024
_POLL_SECONDS = 0.2


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last `count` lines of a file, as far as its last 64 KiB hold them."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _BLOCK_BYTES))
        return file.read().decode(errors="replace").splitlines()[-count:] if count else []


def print_line(part: str, line: str) -> None:
    """Print a line of a part's log, with the part's name before it."""
    click.echo(f"{part:<17} | {line}")


def print_logs(logs: Mapping[str, Path], lines: int, *, is_followed: bool) -> None:
    """Print the last lines of logs, and what is added to them until it is interrupted.

    Args:
        logs: Part -> its log, which may not exist yet.
        lines: How many of each.
        is_followed: Whether to stay.
    """
    for part, path in logs.items():
        for line in last_lines(path, lines):
            print_line(part, line)
    if is_followed:
        follow(logs, print_line)


def follow(
    logs: Mapping[str, Path],
    write: Callable[[str, str], None],
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Pass on each line that is added to logs, until `wait` raises.

    Args:
        logs: Part -> its log, which may not exist yet.
        write: Takes a part and a line.
        wait: Sleeps so many seconds between two looks.
    """
    files = [_Followed(part, path) for part, path in logs.items()]
    try:
        while True:
            for file in files:
                for line in file.new_lines():
                    write(file.part, line)
            wait(_POLL_SECONDS)
    finally:
        for file in files:
            file.close()


@dataclass
class _Followed:
    """One log; rotation moves it away and begins another under its name."""

    part: str
    path: Path
    _file: BinaryIO | None = None
    _rest: bytes = b""
    _is_first: bool = True

    def new_lines(self) -> Iterable[str]:
        if self._file is None:
            self._open()
        if self._file is None:
            return
        yield from self._read(self._file)
        if self._is_replaced(self._file):
            self.close()
            self._open()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        try:
            self._file = self.path.open("rb")
        except FileNotFoundError:
            self._file = None
        else:
            if self._is_first:
                self._file.seek(0, os.SEEK_END)
        # What appears later, or after a rotation, is new from its first line on.
        self._is_first = False

    def _read(self, file: BinaryIO) -> Iterable[str]:
        while block := file.read(_BLOCK_BYTES):
            *lines, self._rest = (self._rest + block).split(b"\n")
            for line in lines:
                yield line.decode(errors="replace")

    def _is_replaced(self, file: BinaryIO) -> bool:
        try:
            return self.path.stat().st_ino != os.fstat(file.fileno()).st_ino
        except FileNotFoundError:
            return False
