"""Lines on their way out: a bounded buffer between who logs and who reads.

Who logs never waits for the reader. A line of the application goes out at once if there is room;
the lines of requests that went well are gathered for a moment, since one write for many costs less
than many, and the next request after that writes them. A thread writes what nobody else does: the
last lines before a pause, what found no room, all lines to a disk. It runs seldom, for a thread
that asks a busy event loop for the interpreter's lock costs both of them more than its work. What
does not fit is dropped and counted (decision 17).
"""

import logging
from math import inf
from threading import Event, Lock, RLock, Thread
from time import monotonic, sleep
from typing import Final
from weakref import WeakSet

from burnrate.telemetry.failures import failed, log_lines
from burnrate.telemetry.logs.sink import Sink
from burnrate.telemetry.logs.waiting import USUAL_BYTES, Line, size_of, text_of
from burnrate.telemetry.platforms import after_fork

# How long lines are gathered before the next request writes them.
GATHER_SECONDS: Final = 0.05
# How often the thread looks, and so what a killed process loses of lines at most.
_LOOK_SECONDS: Final = 0.25
# What a pipe holds: more would not get out in one piece.
_BATCH_BYTES: Final = 1 << 16
# Who writes holds the pen for some system calls, never while a reader takes its time.
_PEN_SECONDS: Final = 0.1
_POLL_SECONDS: Final = 0.005
# A full pipe: time for its reader to make room for many lines, since each attempt costs.
_FULL_SECONDS: Final = 0.02
# A full disk, or a reader that is gone: looked at again so often.
_RETRY_SECONDS: Final = 0.5

_log: Final = logging.getLogger(__name__)

_buffers: "WeakSet[LineBuffer]" = WeakSet()


class LineBuffer:
    """Takes lines and writes them as fast as their reader takes them.

    Args:
        sink: Where they go.
        most_bytes: How much may wait.
        service: The service's name as it stands in a line of a request.
    """

    def __init__(self, sink: Sink, most_bytes: int, service: str = '""') -> None:
        self._sink = sink
        self._most_bytes = most_bytes
        self._many_bytes = most_bytes // 2  # the thread shall come before its time
        self._service = service
        self._begin()
        _buffers.add(self)

    def _begin(self) -> None:
        # Reentrant: what the garbage collector or a signal runs amid this may log, too. Nothing is
        # counted or logged under it, since metrics and handlers have locks of their own.
        self._lock = RLock()
        self._writing = Lock()
        self._is_pen_free = True
        self._lines: list[Line] = []
        self._rest = b""  # of the batch that is being written
        self._bytes = 0  # of both; about as many where they are no text yet
        self._counted = [0, 0]  # written and dropped, not in the metrics yet
        self._dropped = 0  # nobody has been told yet
        self._error: Exception | None = None  # why writing fails
        self._is_error_told = False
        self._broken: list[Exception] = []  # why lines have no text, not told yet
        self._is_over = False
        self._due = 0.0  # when who adds a line shall write, by the steady clock
        self._wake = Event()
        self._thread: Thread | None = None

    def add(self, line: Line) -> None:
        """Take a line that may wait for others; it is written within 250 ms if there is room.

        Args:
            line: In ASCII, its end included; or what there is to say of a request.
        """
        # As `size_of`, which each request would have to call.
        size = len(line) if isinstance(line, str) else USUAL_BYTES + 2 * len(line[1][1])
        with self._lock:
            if not self._bytes or self._bytes + size <= self._most_bytes:
                self._lines.append(line)
                self._bytes += size
            else:
                self._append(line)  # drops it
            if self._thread is None:
                self._start()
            if self._bytes > self._many_bytes:
                self._wake.set()
        if monotonic() >= self._due and self._writing.acquire(blocking=False):
            self._write_and_release()

    def add_now(self, line: str) -> None:
        """Take a line and write it, and all before it, if there is room; else as `add`."""
        if not self._fits(line):
            self._write()
        with self._lock:
            self._append(line)
        if not self._write():
            with self._lock:
                if self._thread is None:
                    self._start()
            self._wake.set()

    def flush(self, patience_seconds: float) -> bool:
        """Write what waits; say whether all of it got out in time.

        Where the disk is full or the reader gone, it does not wait.
        """
        until = monotonic() + patience_seconds
        while not self._write():
            if monotonic() >= until or self._error is not None:
                return False
            sleep(_POLL_SECONDS)
        return True

    def drain(self, patience_seconds: float) -> None:
        """Write what waits; drop and count what does not get out in time."""
        if not self.flush(patience_seconds) and self._writing.acquire(timeout=_PEN_SECONDS):
            with self._lock:
                self._drop_all()
            self._writing.release()
        self.publish()

    def close(self) -> None:
        """End the thread; lines that still come are written if there is room at that moment."""
        with self._lock:
            self._is_over = True
            self._due = 0.0
            self._wake.set()
        if self._writing.acquire(timeout=_PEN_SECONDS):
            self._sink.close()
            self._writing.release()

    def publish(self) -> None:
        """Count in the metrics what has become of lines since the last time."""
        with self._lock:
            (written, dropped), self._counted = self._counted, [0, 0]
            error = None if self._is_error_told else self._error
            self._is_error_told = self._error is not None
            broken, self._broken = self._broken, []
        if written:
            log_lines.add("written", written)
        if dropped:
            log_lines.add("dropped", dropped)
        for each in broken if error is None else [error, *broken]:
            failed("logs", each)

    def note_broken(self, error: Exception) -> None:
        """Have it said, at the next `publish`, why a line could not be made as it should be."""
        with self._lock:
            self._broken = self._broken or [error]

    def report(self) -> None:
        """Count as `publish`, and say how many lines were dropped once others get out again."""
        self.publish()
        with self._lock:
            dropped = 0
            if not self._bytes:
                dropped, self._dropped = self._dropped, 0
        if dropped:
            _log.error("the log could not be written", extra={"lines": dropped})

    def start_anew(self) -> None:
        """Begin in a forked child; what waits is its parent's."""
        self._sink.start_anew()
        self._begin()

    def _fits(self, line: Line) -> bool:
        return not self._bytes or self._bytes + size_of(line) <= self._most_bytes

    def _append(self, line: Line) -> None:
        if not self._fits(line):
            self._counted[1] += 1
            self._dropped += 1
            return
        self._lines.append(line)
        self._bytes += size_of(line)

    def _drop_all(self) -> None:
        rest = self._rest
        # A line that was begun has to be ended before another one.
        self._rest = rest[: rest.index(b"\n") + 1] if self._sink.is_begun and rest else b""
        self._counted[1] += len(self._lines) + rest.count(b"\n") - self._rest.count(b"\n")
        self._lines, self._bytes = [], len(self._rest)

    def _start(self) -> None:
        self._thread = Thread(target=self._run, name="burnrate-logs", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter is ending: `close` writes what waits
            self._thread = None

    def _run(self) -> None:
        while not self._is_over:
            self._wake.wait(_LOOK_SECONDS)
            self._wake.clear()
            while not self._is_over and not self._write():
                self.publish()
                sleep(_FULL_SECONDS if self._error is None else _RETRY_SECONDS)
            self.report()

    def _write(self) -> bool:
        """Write what waits as far as there is room; say whether all of it is out."""
        # Who has not got the pen in time does not wait for it again: a disk may hang.
        patience_seconds = _PEN_SECONDS if self._is_pen_free else 0.0
        self._is_pen_free = self._writing.acquire(timeout=patience_seconds)
        return self._is_pen_free and self._write_and_release()

    def _write_and_release(self) -> bool:
        is_out = False
        try:
            while self._take_batch():
                if not self._put_batch():
                    return False
            is_out = True
        finally:
            self._plan(is_out=is_out)
            self._writing.release()
        return True

    def _plan(self, *, is_out: bool) -> None:
        """Set when who adds a line writes: not where it might wait, nor where there is no room."""
        if not self._is_over:
            is_quick = is_out and self._sink.is_quick
            self._due = monotonic() + GATHER_SECONDS if is_quick else inf

    def _take_batch(self) -> bool:
        if self._rest:
            return True
        with self._lock:
            if not self._lines:
                return False
            batch, size = self._first_lines()
        # Not under the lock, since requests add theirs meanwhile: who has the pen is alone here.
        text, errors = text_of(batch, self._service)
        with self._lock:
            self._rest = text.encode()
            self._bytes += len(self._rest) - size
            self._counted[1] += len(errors)
            self._dropped += len(errors)
            self._broken = self._broken or errors[:1]
        return True

    def _first_lines(self) -> tuple[list[Line], int]:
        if self._bytes <= _BATCH_BYTES:
            batch, self._lines = self._lines, []
            return batch, self._bytes
        size = count = 0
        while count < len(self._lines) and (not count or size < _BATCH_BYTES):
            size += size_of(self._lines[count])
            count += 1
        batch = self._lines[:count]
        del self._lines[:count]
        return batch, size

    def _put_batch(self) -> bool:
        try:
            done = self._sink.put(self._rest)
        except (OSError, ValueError) as error:  # the disk is full, or nobody reads any more
            self._error = error
            return False
        with self._lock:
            self._error = None
            self._counted[0] += self._rest.count(b"\n", 0, done)
            self._rest = self._rest[done:]
            self._bytes = max(0, self._bytes - done)
            return not self._rest


def _start_all_anew() -> None:
    for buffer in list(_buffers):
        buffer.start_anew()


after_fork(_start_all_anew)
