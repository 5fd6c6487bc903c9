"""Lines on their way out: who logs waits for no reader, and what is lost is counted."""

import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.failures import log_lines
from burnrate.telemetry.logs.buffer import LineBuffer
from burnrate.telemetry.logs.sink import Sink
from burnrate.telemetry.logs.waiting import size_of, text_of
from tests.support.waiting import wait_until
from tests.telemetry.logs.pipes import Pipe

ROOT = Path(__file__).parents[3]

LINE = "x" * 99 + "\n"


def counted(result: str) -> float:
    return float(log_lines.begin().labels(result)._value.get())


def test_line_of_the_application_is_out_when_the_call_returns(
    pipe: Pipe, buffer: LineBuffer
) -> None:
    """The next thing that happens may be a crash; what was gathered before goes with it."""
    buffer.add("request\n")
    buffer.add_now("last words\n")
    assert pipe.lines == ["request", "last words"]


def test_gathered_lines_get_out_by_themselves(pipe: Pipe, buffer: LineBuffer) -> None:
    """And are counted as written."""
    before = counted("written")
    for number in range(1_000):
        buffer.add(f"{number}\n")
    wait_until(lambda: len(pipe.lines) == 1_000)
    assert pipe.lines == [str(number) for number in range(1_000)]
    wait_until(lambda: counted("written") == before + 1_000)


def test_line_that_has_no_text_takes_no_other_along(
    pipe: Pipe, buffer: LineBuffer, caplog: pytest.LogCaptureFixture
) -> None:
    """Text is made where lines are written; where that fails it is said why, and counted."""
    dropped = counted("dropped")
    ids = RequestInfo("me", "0" * 32, "0" * 16, is_sampled=False)
    strange: Any = object()  # a server's own idea of a client's address
    with caplog.at_level(logging.ERROR):
        buffer.add("before\n")
        buffer.add((0.5, ("GET", "/x", "/x", 200, 0.1, strange), ids))
        buffer.add((0.5, ("GET", "/y", "/y", 200, 0.1, None), ids))
        wait_until(lambda: len(pipe.lines) == 2)
        wait_until(lambda: counted("dropped") == dropped + 1)
        wait_until(lambda: "telemetry failed" in caplog.messages)
    assert pipe.lines[0] == "before"
    line = json.loads(pipe.lines[1])
    assert (line["message"], line["timestamp"]) == (
        "GET /y 200",
        "1970-01-01T00:00:00.500000+00:00",
    )


def test_lines_of_requests_take_as_much_room_as_their_text(pipe: Pipe) -> None:
    """About as much while they are no text, and what they really take from then on."""
    buffer = LineBuffer(Sink(pipe.writing), 1 << 20, '"shop"')
    ids = RequestInfo("0" * 32, "0" * 32, "0" * 16, is_sampled=False)
    line = (0.5, ("GET", "/items/42", "/items/{item_id}", 200, 0.1, "192.0.2.10"), ids)
    (text, errors) = text_of([line], '"shop"')
    assert not errors
    assert 0.8 < len(text) / size_of(line) < 1.2
    for _ in range(10):
        buffer.add(line)
    assert buffer.flush(0.0)
    assert buffer._bytes == 0
    assert pipe.read() == 10 * text
    buffer.close()


def test_reader_that_does_not_read_stops_nobody(
    pipe: Pipe,
    buffer: LineBuffer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What does not fit is dropped and counted, and when it reads again it gets whole lines."""
    dropped = counted("dropped")
    for _ in range(30_000):  # 3 MB, where a pipe takes 64 kB and the buffer 1 MB
        buffer.add(LINE)
        if _ % 100 == 0:
            buffer.add_now(LINE)
    buffer.publish()
    lost = counted("dropped") - dropped
    assert lost > 15_000
    with caplog.at_level(logging.ERROR):
        wait_until(lambda: len(pipe.lines) == 30_300 - lost)
        assert set(pipe.lines) == {LINE.rstrip()}
        wait_until(lambda: [record.__dict__["lines"] for record in caplog.records] == [lost])


def test_end_waits_for_a_reader_that_reads(pipe: Pipe, buffer: LineBuffer) -> None:
    """All lines are out, though they never fit at once."""
    for _ in range(3_000):
        buffer.add(LINE)
    command = [sys.executable, "-c", "import sys; print(len(sys.stdin.read().splitlines()))"]
    os.set_blocking(pipe.reading, True)
    with subprocess.Popen(command, stdin=pipe.reading, stdout=subprocess.PIPE) as reader:
        buffer.drain(600.0)
        buffer.close()
        replaced = os.open(os.devnull, os.O_WRONLY)
        os.dup2(replaced, pipe.writing)
        os.close(replaced)
        assert reader.stdout is not None
        assert int(reader.stdout.read()) == 3_000


def test_end_drops_what_a_reader_does_not_take(pipe: Pipe, buffer: LineBuffer) -> None:
    """Counted, and what did get out are whole lines."""
    written, dropped = counted("written"), counted("dropped")
    for _ in range(3_000):
        buffer.add(LINE)
    buffer.drain(0.05)
    lost = counted("dropped") - dropped
    assert 0 < lost < 3_000
    assert counted("written") - written == 3_000 - lost
    assert pipe.text == ""
    assert set(pipe.lines) == {LINE.rstrip()}
    buffer.add_now("after\n")
    assert pipe.lines[-1] == "after"


@pytest.mark.parametrize("way", ["own opening", "where there is room", "socket", "non-blocking"])
def test_no_way_of_writing_waits(pipe: Pipe, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stdout is, and whether or not this process may open it anew."""
    others = socket.socketpair()
    descriptor = pipe.writing
    if way == "where there is room":
        monkeypatch.setattr(os, "open", _refused)
    elif way == "non-blocking":
        os.set_blocking(descriptor, False)
    elif way == "socket":
        descriptor = others[0].fileno()
    sink = Sink(descriptor)
    data = b"".join(f"{number:099}\n".encode() for number in range(20_000))
    done = sink.put(data)
    assert 0 < done < len(data)
    assert done % 100 == 0, "whole lines"
    assert sink.put(data[done:]) == 0
    received = os.read(pipe.reading, 1 << 20) if way != "socket" else others[1].recv(1 << 20)
    assert data.startswith(received)
    sink.close()
    for each in others:
        each.close()


def _refused(*_: object) -> int:
    raise PermissionError


def test_line_that_was_begun_is_ended_first(pipe: Pipe, buffer: LineBuffer) -> None:
    """It is longer than all that the pipe holds."""
    long = "y" * 200_000 + "\n"
    buffer.add_now(long)
    buffer.add_now("next\n")
    buffer.drain(0.0)
    wait_until(lambda: pipe.read().endswith("y\n") or pipe.text.endswith("next\n"))
    assert pipe.lines[0] == long.rstrip()


def test_descriptor_that_leads_elsewhere_by_now_is_followed(
    pipe: Pipe, buffer: LineBuffer, tmp_path: Path
) -> None:
    """Gunicorn's daemon, for one, puts another file in the place of stdout."""
    buffer.add_now("before\n")
    path = tmp_path / "log"
    with path.open("wb") as file:
        os.dup2(file.fileno(), pipe.writing)
    wait_until(lambda: _is_in(path, buffer), "the file")
    assert set(path.read_text().splitlines()) == {"after"}
    assert pipe.lines[0] == "before"


def _is_in(path: Path, buffer: LineBuffer) -> bool:
    buffer.add_now("after\n")
    return bool(path.read_text())


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
    """What is on the disk are whole lines; what waits is written when there is room again."""
    with (tmp_path / "log").open("w") as stream:
        buffer = LineBuffer(Sink(stream.fileno()), 20)
        disk = Disk(room=8)
        monkeypatch.setattr(os, "write", disk.write)
        dropped = counted("dropped")
        for number in range(4):
            buffer.add_now(f'"line {number}"\n')
        disk.room = 1_000
        buffer.add_now('"after"\n')
        buffer.drain(60.0)
        assert counted("dropped") - dropped == 1
        buffer.close()
    assert [json.loads(line) for line in disk.content.decode().splitlines()] == [
        "line 0", "line 1", "line 2", "after"
    ]  # fmt: skip


def test_line_that_was_cut_is_ended_though_all_others_were_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next line would begin amid it."""
    with (tmp_path / "log").open("w") as stream:
        buffer = LineBuffer(Sink(stream.fileno()), 1_000)
        disk = Disk(room=8)
        monkeypatch.setattr(os, "write", disk.write)
        for number in range(4):
            buffer.add_now(f'"line {number}"\n')
        buffer.drain(0.0)
        disk.room = 1_000
        buffer.add_now('"after"\n')
        buffer.drain(60.0)
        buffer.close()
    assert disk.content.decode().splitlines() == ['"line 0"', '"after"']


def test_writer_that_hangs_delays_a_line_once(pipe: Pipe, buffer: LineBuffer) -> None:
    """As on a disk that does not answer: afterwards nobody waits for it."""
    assert buffer._writing.acquire()
    for number in range(500):  # of a tenth of a second each would be a minute
        buffer.add_now(f"{number}\n")
    buffer._writing.release()
    wait_until(lambda: len(pipe.lines) == 500)


DYING = """
import logging, os, signal, sys
from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry import TelemetrySettings
from burnrate.telemetry.logs import RequestLine, configure_logging
configure_logging("shop", TelemetrySettings())
ids = RequestInfo("me", "0" * 32, "0" * 16, False)
for number in range(100):  # fewer than what a pipe holds
    RequestLine("GET", f"/{number}", "/{n}", 200, 0.1, None).write(ids)
if sys.argv[1] == "exception":
    raise RuntimeError("unexpected")
if sys.argv[1] == "request only":
    os.kill(os.getpid(), signal.SIGKILL)
logging.getLogger("shop").info("about to break")
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
elif sys.argv[1] == "os._exit":
    os._exit(3)
elif sys.argv[1] == "segfault":
    import ctypes
    ctypes.string_at(0)
"""


def run(way: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", DYING, way], cwd=ROOT, stdout=subprocess.PIPE, check=False
    )
    return [json.loads(line)["message"] for line in done.stdout.decode().splitlines()]


@pytest.mark.parametrize("way", ["killed", "os._exit", "segfault", "exit", "exception"])
def test_what_a_process_said_before_its_end_is_out(way: str) -> None:
    """However it ends: the application's last line, and every request's before it."""
    messages = run(way)
    assert messages[:100] == [f"GET /{number} 200" for number in range(100)]
    last = "uncaught exception" if way == "exception" else "about to break"
    assert messages[100:] == [last]


def test_killed_process_leaves_whole_lines() -> None:
    """Of requests that went well, the last moment's may be lost; their counts are not."""
    messages = run("request only")
    assert messages == [f"GET /{number} 200" for number in range(len(messages))]


def test_forked_child_leaves_its_parent_s_lines_alone() -> None:
    """Else each child would write them once more."""
    # Python warns of a fork beside threads, which would be a line of its own.
    script = "import warnings\nwarnings.simplefilter('ignore')\n" + DYING.replace(
        'if sys.argv[1] == "exception":', "if os.fork() == 0: os._exit(0)\nif 0:"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "exit"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    assert len(done.stdout.splitlines()) == 101
