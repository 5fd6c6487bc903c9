"""Stdout as the destination of log lines: each one whole, whoever else writes there."""

import fcntl
import json
import logging
import os
import select
import stat
import sys
from typing import Final, TextIO

from burnrate.telemetry.logs.formatter import JsonFormatter

_log: Final = logging.getLogger(__name__)


class StdoutHandler(logging.StreamHandler[TextIO]):
    """Writes whole lines to stdout, past its buffer.

    A full disk or a closed pipe fails no request; the first line that gets through again says how
    many did not.

    Attributes:
        service_json: The service's name as it stands in a line.
        longest_plain: A text of so many characters is never cut.
    """

    def __init__(self, formatter: JsonFormatter, stream: TextIO | None = None) -> None:
        super().__init__(stream or sys.stdout)
        self.setFormatter(formatter)
        self.addFilter(_LoggedOnce())
        self.service_json = json.dumps(formatter.service)
        self.longest_plain = formatter.field_characters // 2  # the message has the path and more
        self._descriptor = _descriptor(self.stream)
        self._put = _put_locked if _takes_pieces(self._descriptor) else _put
        self._rest = b""
        self._failures = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a record; logging calls this."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - as every handler of logging does
            self.handleError(record)
        else:
            self.write(f"{line}\n")

    def write(self, line: str) -> None:
        """Write one line, its end included; where that is impossible it is lost and counted."""
        lock = self.lock
        assert lock is not None  # noqa: S101 - createLock has made it
        with lock:
            try:
                is_written = self._is_written(line)
            except (OSError, ValueError):  # closed
                is_written = False
            if not is_written:
                self._failures += 1
                return
            failures, self._failures = self._failures, 0
        if failures:
            _log.error("the log could not be written", extra={"lines": failures})

    def _is_written(self, line: str) -> bool:
        if self._descriptor is None:
            self.stream.write(line)
            self.stream.flush()
            return True
        data = line.encode()
        rest = self._put(self._descriptor, self._rest + data)
        if not rest:
            self._rest = rest
            return True
        # A line that was begun is completed before the next one; one that was not begun is lost.
        is_begun = len(rest) < len(data)
        self._rest = rest if is_begun else rest[: -len(data)]
        return is_begun


def _put_locked(descriptor: int, data: bytes) -> bytes:
    """Write in one piece to a pipe that other processes write to.

    What a pipe cannot take at once it takes in pieces, with other processes' lines between them.
    The lock is on the pipe itself, and ends with its holder: a killed worker leaves none behind.
    """
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    try:
        return _put(descriptor, data)
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN)


def _put(descriptor: int, data: bytes) -> bytes:
    """Write, and return what could not be written."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # somebody who shares it has made it non-blocking
            room = select.poll()
            room.register(descriptor, select.POLLOUT)
            room.poll()
        except OSError:
            break
    return data


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):  # a test's, or closed
        return None


def _takes_pieces(descriptor: int | None) -> bool:
    """Say whether it is a pipe or socket, and one that can be locked."""
    if descriptor is None:
        return False
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
        fcntl.lockf(descriptor, fcntl.LOCK_UN)
    except OSError:
        return False
    return True


def mark_logged(error: BaseException) -> None:
    """Remember that `error` has its line, so that a server's own report of it is dropped."""
    error.__dict__["_burnrate_logged"] = True


class _LoggedOnce(logging.Filter):
    """Drops uvicorn's report of an exception whose request line carries it already."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name != "uvicorn.error" or not record.exc_info:
            return True
        return not getattr(record.exc_info[1], "_burnrate_logged", False)
