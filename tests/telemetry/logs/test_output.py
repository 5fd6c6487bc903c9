"""One event is one line, however long it is and whoever else writes to the same stdout."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WRITERS = 4
LINES = 40
# Below PIPE_BUF; above it; above all that a pipe holds; the longest field there can be.
SIZES = (100, 6_000, 100_000, 1_048_576)

WRITER = """
import logging, os, sys
from burnrate.telemetry import TelemetrySettings
from burnrate.telemetry.logs.configuration import configure_logging
from burnrate.telemetry.logs import output, sink
output._STOP_SECONDS = 600.0  # the reader is slow on purpose
def refuse(*_):
    raise PermissionError
if sys.argv[3] == "non-blocking":
    os.set_blocking(1, False)
elif sys.argv[3] == "not to be opened":
    sink.os = type("os", (), {**vars(os), "open": refuse})
configure_logging("shop", TelemetrySettings(log_field_bytes=1_048_576, log_line_bytes=4_194_304))
sizes = [int(size) for size in sys.argv[4:]]
sys.stdin.read(1)
for number in range(int(sys.argv[2])):
    # Mostly small ones, which want to come between the pieces of the others.
    size = sizes[number % 20 // 5 if number % 5 == 0 else 0]
    logging.getLogger("writer").info("x", extra={"writer": sys.argv[1], "filling": "f" * size})
"""


@pytest.mark.integration
@pytest.mark.parametrize("mode", ["blocking", "non-blocking", "not to be opened"])
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
