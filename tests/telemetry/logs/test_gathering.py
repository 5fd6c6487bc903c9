"""Lines of requests that went well: who writes them, and when."""

from pathlib import Path
from threading import get_ident

import pytest

from burnrate.telemetry.logs.buffer import LineBuffer
from burnrate.telemetry.logs.sink import Sink
from tests.support.waiting import wait_until
from tests.telemetry.logs.pipes import Pipe

LINE = "x" * 99 + "\n"


class Clock:
    """Stands still until it is moved; the thread that writes does not look meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr("burnrate.telemetry.logs.buffer.monotonic", lambda: self.now)
        monkeypatch.setattr("burnrate.telemetry.logs.buffer._LOOK_SECONDS", 3_600.0)


class CountingSink(Sink):
    """Remembers which threads write to it."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self.askers: list[int] = []

    def put(self, data: bytes) -> int:
        self.askers.append(get_ident())
        return super().put(data)


def test_next_request_writes_what_was_gathered(
    pipe: Pipe, buffer: LineBuffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the thread, which would have to get the interpreter's lock from a busy loop."""
    clock = Clock(monkeypatch)
    buffer.add("after a pause\n")
    assert pipe.lines == ["after a pause"]
    for number in range(100):
        buffer.add(f"{number}\n")
    assert len(pipe.lines) == 1
    clock.now += 0.06
    buffer.add("late\n")
    assert pipe.lines[1:] == [*map(str, range(100)), "late"]


def test_requests_write_nothing_to_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hang, and then only the thread does."""
    clock = Clock(monkeypatch)
    path = tmp_path / "log"
    with path.open("wb") as file:
        buffer = LineBuffer(Sink(file.fileno()), 1 << 20)
        buffer.add("first\n")
        wait_until(lambda: buffer._thread is not None)
        assert buffer.flush(0.0)
        clock.now += 60.0
        buffer.add("second\n")
        assert path.read_text() == "first\n"
        buffer.drain(0.0)
        buffer.close()
    assert path.read_text() == "first\nsecond\n"


def test_requests_ask_a_reader_that_does_not_read_once(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From then on it is the thread's, until there is room again."""
    clock = Clock(monkeypatch)
    sink = CountingSink(pipe.writing)
    buffer = LineBuffer(sink, 1 << 20)
    while sum(map(len, buffer._lines)) < 1 << 16:
        clock.now += 0.06
        buffer.add(LINE)
    attempts = sink.askers.count(get_ident())
    for _ in range(100):
        clock.now += 0.06
        buffer.add(LINE)
    assert sink.askers.count(get_ident()) == attempts
    wait_until(lambda: pipe.read() != "" and buffer.flush(0.0))
    buffer.close()


def test_thread_comes_early_where_much_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a small buffer drops nothing that the disk would have taken."""
    Clock(monkeypatch)
    path = tmp_path / "log"
    with path.open("wb") as file:
        buffer = LineBuffer(Sink(file.fileno()), 1 << 14)
        while buffer._bytes <= 1 << 13:
            buffer.add(LINE)
        wait_until(lambda: path.read_text() != "")
        buffer.close()
