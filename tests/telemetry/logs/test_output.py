"""One event is one line, however long it is and whoever else writes to the same stdout."""

import json
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from burnrate.telemetry.logs.formatter import JsonFormatter
from burnrate.telemetry.logs.output import StdoutHandler

ROOT = Path(__file__).parents[3]
WRITERS = 4
LINES = 40
# Below PIPE_BUF; above it; above all that a pipe holds; the longest field there can be.
SIZES = (100, 6_000, 100_000, 1_048_576)

WRITER = """
import logging, os, sys
from burnrate.telemetry.logs.configuration import configure_logging
if sys.argv[3] == "non-blocking":
    os.set_blocking(1, False)
configure_logging("shop", "info", 1_048_576)
sizes = [int(size) for size in sys.argv[4:]]
sys.stdin.read(1)
for number in range(int(sys.argv[2])):
    # Mostly small ones, which want to come between the pieces of the others.
    size = sizes[number % 20 // 5 if number % 5 == 0 else 0]
    logging.getLogger("writer").info("x", extra={"writer": sys.argv[1], "filling": "f" * size})
"""


@pytest.mark.integration
@pytest.mark.parametrize("mode", ["blocking", "non-blocking"])
def test_lines_of_many_processes_stay_whole_in_one_pipe(mode: str) -> None:
    """A reader that is slower than the writers finds every line, each by itself."""
    reading, writing = os.pipe()
    command = [sys.executable, "-c", WRITER]
    sizes = [str(size) for size in SIZES]
    writers = [
        subprocess.Popen(
            [*command, str(number), str(LINES), mode, *sizes],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=writing,
        )
        for number in range(WRITERS)
    ]
    os.close(writing)
    for process in writers:
        assert process.stdin is not None
        process.stdin.write(b"!")
        process.stdin.flush()
    received = bytearray()
    while part := os.read(reading, 1 << 16):
        received += part
        time.sleep(0.0005)  # so that the pipe is full most of the time
    os.close(reading)
    for process in writers:
        process.communicate()
        assert process.returncode == 0
    lines = [json.loads(text) for text in received.decode().splitlines()]
    assert Counter(line["writer"] for line in lines) == {
        str(number): LINES for number in range(WRITERS)
    }
    assert {len(line["filling"]) for line in lines} == set(SIZES)


class Disk:
    """Has room for so many bytes more."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.content = b""

    def write(self, _descriptor: int, data: bytes) -> int:
        taken = data[: self.room]
        if not taken:
            raise OSError(28, "No space left on device")
        self.room -= len(taken)
        self.content += taken
        return len(taken)


def test_line_that_a_full_disk_cut_is_ended_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on the disk are whole lines, and the first that gets through counts the lost."""
    root = logging.getLogger()
    with (tmp_path / "log").open("w") as stream:
        handler = StdoutHandler(JsonFormatter("shop"), stream)
        monkeypatch.setattr(root, "handlers", [handler])
        disk = Disk(room=8)
        monkeypatch.setattr(os, "write", disk.write)
        for number in range(4):
            handler.write(f'"line {number}"\n')
        disk.room = 1_000
        handler.write('"after"\n')
    *written, report = [json.loads(line) for line in disk.content.decode().splitlines()]
    assert written == ["line 0", "after"]
    assert (report["message"], report["lines"]) == ("the log could not be written", 3)
