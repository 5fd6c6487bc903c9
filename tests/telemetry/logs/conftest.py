"""A pipe, and a buffer that writes to it."""

import os
from collections.abc import Iterator

import pytest

from burnrate.telemetry.logs.buffer import LineBuffer
from burnrate.telemetry.logs.sink import Sink
from tests.telemetry.logs.pipes import Pipe


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    os.close(made.reading)
    os.close(made.writing)


@pytest.fixture
def buffer(pipe: Pipe) -> Iterator[LineBuffer]:
    made = LineBuffer(Sink(pipe.writing), 1 << 20)
    yield made
    made.close()
    if made._thread is not None:  # it counts what it has written, in the next test too
        made._thread.join()
