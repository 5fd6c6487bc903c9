"""The log line of a request.

Every request writes one, so it costs more than all else that is logged. A record, its formatting
and a generic JSON encoder take 35 µs; most lines are made of parts that are known beforehand. The
short way writes the very line that the long way would (a test compares them), and is taken only
where nothing else listens to the logger.
"""

import logging
from collections.abc import Callable
from functools import partial
from time import time
from typing import Final, NamedTuple

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.logs.output import StdoutHandler

_log: Final = logging.getLogger("burnrate.request")
_root: Final = logging.getLogger()


class RequestLine(NamedTuple):
    """What a request's line says besides its ids."""

    method: str
    path: str
    route: str
    status_code: int
    process_time: float
    client: str | None

    def write(self, request: RequestInfo) -> None:
        """Write the line of a request that did not fail, at level info.

        Args:
            request: The ids that stand in it.
        """
        path = self.path
        # A handler that would be the only one to see a record of this logger.
        if len(handlers := _root.handlers) == 1 and not (_log.handlers or _log.filters):
            handler = handlers[0]
            # Only the long way cuts a long path and redacts a password in a URL.
            if (
                isinstance(handler, StdoutHandler)
                and _log.propagate
                and len(path) <= handler.longest_plain
                and "://" not in path
            ):
                handler.write((time(), self, request))
                return
        self.log(logging.INFO, None)

    def log(self, level: int, error: BaseException | None, *, is_overdue: bool = False) -> None:
        """Write the line the long way: as a record that passes all filters and handlers.

        Args:
            level: Of `logging`.
            error: The exception that broke the request, if any.
            is_overdue: Whether it was counted when it passed its deadline.
        """
        extra = {**self._asdict(), "process_time": round(self.process_time, 6)}
        if is_overdue:
            extra["overdue"] = True
        _log.log(
            level,
            "%s %s %d",
            self.method,
            self.path,
            self.status_code,
            exc_info=error,
            extra=extra,
        )


# Says whether the line of a request that did not fail is written at all.
is_wanted: Final[Callable[[], bool]] = partial(_log.isEnabledFor, logging.INFO)
