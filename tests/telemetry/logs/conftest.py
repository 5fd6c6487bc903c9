"""A pipe, a buffer that writes to it, and no other buffer beside it."""

import logging
import os
from collections.abc import Iterator

import pytest

from burnrate.telemetry.logs.buffer import LineBuffer
from burnrate.telemetry.logs.output import StdoutHandler
from burnrate.telemetry.logs.sink import Sink
from tests.telemetry.logs.pipes import Pipe


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    os.close(made.reading)
    os.close(made.writing)


def wait_for_end(buffer: LineBuffer | None) -> None:
    """Its thread counts what it has written, which the next test would find among its own."""
    if buffer is not None and buffer._thread is not None:
        buffer._thread.join()


@pytest.fixture
def alone() -> None:
    """End what other tests have left at the root logger: it counts and writes in threads."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, StdoutHandler):
            root.removeHandler(handler)
            handler.close()
            wait_for_end(handler._buffer)


@pytest.fixture
def buffer(alone: None, pipe: Pipe) -> Iterator[LineBuffer]:
    del alone
    made = LineBuffer(Sink(pipe.writing), 1 << 20)
    yield made
    made.close()
    wait_for_end(made)
