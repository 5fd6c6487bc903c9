"""Stdout as the destination of log lines."""

import json
import logging
import sys
from time import monotonic
from typing import Final, TextIO

from burnrate.telemetry.failures import failed, log_lines
from burnrate.telemetry.logs.buffer import LineBuffer
from burnrate.telemetry.logs.formatter import JsonFormatter
from burnrate.telemetry.logs.sink import Sink
from burnrate.telemetry.logs.waiting import Line, text_of

# A stop waits so long for whoever reads the log, once: gunicorn gives a worker seconds to leave.
_STOP_SECONDS: Final = 2.0


class StdoutHandler(logging.StreamHandler[TextIO]):
    """Writes whole lines to stdout, past its buffer, and never waits for their reader.

    A full disk, a closed pipe or a reader that does not read fails no request; the first line that
    gets through again says how many were dropped.

    Attributes:
        longest_plain: A text of so many characters is never cut, whatever they are.
    """

    def __init__(
        self, formatter: JsonFormatter, stream: TextIO | None = None, buffer_bytes: int = 1 << 22
    ) -> None:
        super().__init__(stream or sys.stdout)
        self.setFormatter(formatter)
        self._json = formatter
        self.addFilter(_LoggedOnce())
        self._service = json.dumps(formatter.service)  # as it stands in a line
        # One takes twelve bytes at most; the message has the path and more.
        self.longest_plain = formatter.field_bytes // 12 - 16
        self._buffer = _buffer_of(self.stream, buffer_bytes, self._service)
        self._patience_seconds = _STOP_SECONDS

    def handle(self, record: logging.LogRecord) -> bool:
        """Write the line of a record if no filter drops it; logging calls this."""
        is_wanted = super().handle(record)
        if self._buffer is not None:
            # Not under the handler's lock: to count takes one of the metrics'.
            self._buffer.report()
        return bool(is_wanted)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a record, at once if there is room: it may be the process' last."""
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001 - somebody's log call goes on, and is not lost
            line = self._format_broken(record, error)
        if self._buffer is not None:
            self._buffer.add_now(f"{line}\n")
        else:
            self._write_stream(f"{line}\n")

    def _format_broken(self, record: logging.LogRecord, error: Exception) -> str:
        if self._buffer is not None:
            self._buffer.note_broken(error)
        else:
            failed("logs", error)
        return self._json.format_broken(record, error)

    def write(self, line: Line) -> None:
        """Write one line; it may wait for others to be written with it."""
        if self._buffer is not None:
            self._buffer.add(line)
        else:
            text, errors = text_of([line], self._service)
            self._write_stream(text)
            for error in errors:
                failed("logs", error)

    def flush(self) -> None:
        """Write what there is room for."""
        if self._buffer is not None:
            self._buffer.flush(0.0)

    def drain(self) -> None:
        """Wait until all lines are out, then drop what is left, counted.

        It waits for two seconds in all, however often it is called.
        """
        if self._buffer is not None:
            began = monotonic()
            self._buffer.drain(self._patience_seconds)
            self._patience_seconds = max(0.0, self._patience_seconds + began - monotonic())

    def close(self) -> None:
        """Drain, and end what writes."""
        self.drain()
        if self._buffer is not None:
            self._buffer.close()
        super().close()

    def _write_stream(self, line: str) -> None:
        try:
            self.stream.write(line)
            self.stream.flush()
        except Exception:  # noqa: BLE001 - closed, or there is none
            log_lines.add("dropped")
        else:
            log_lines.add("written")


def _buffer_of(stream: TextIO, buffer_bytes: int, service: str) -> LineBuffer | None:
    try:
        return LineBuffer(Sink(stream.fileno()), buffer_bytes, service)
    except (AttributeError, OSError, ValueError):  # a test's, or closed
        return None


def drain_logs() -> None:
    """Wait for whoever reads the log, for two seconds at most: this process is about to end."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, StdoutHandler):
            handler.drain()


def mark_logged(error: BaseException) -> None:
    """Remember that `error` has its line, so that a server's own report of it is dropped."""
    error.__dict__["_burnrate_logged"] = True


class _LoggedOnce(logging.Filter):
    """Drops uvicorn's report of an exception whose request line carries it already."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name != "uvicorn.error" or not isinstance(record.exc_info, tuple):
            return True
        return not getattr(record.exc_info[1], "_burnrate_logged", False)
