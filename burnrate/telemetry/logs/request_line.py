"""The log line of a request, serialised in one go.

Every request writes one, so it costs more than all else that is logged. A record, its formatting
and a generic JSON encoder take 35 µs; most lines are made of parts that are known beforehand. The
short way writes the very line that the long way would (a test compares them), and is taken only
where nothing else listens to the logger.
"""

import logging
from collections.abc import Callable
from functools import lru_cache, partial
from json.encoder import encode_basestring_ascii as quote
from time import gmtime, strftime, time
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
        handler = _only_handler()
        method, path, route, status_code, process_time, client = self
        # Only the long way cuts a long path and redacts a password in a URL.
        if handler is None or len(path) > handler.longest_plain or "://" in path:
            self.log(logging.INFO, None)
            return
        request_id, trace_id, span_id, _, _ = request
        now = time()
        seconds = int(now)
        path = quote(path)
        client = "null" if client is None else quote(client)
        handler.write(
            f'{{"timestamp": "{_second(seconds)}.{int((now - seconds) * 1e6):06d}+00:00", '
            f'"level": "info", "logger": "burnrate.request", '
            f'"message": "{method} {path[1:-1]} {status_code}", '
            f'"service": {handler.service_json}, "request_id": "{request_id}", '
            f'"trace_id": "{trace_id}", "span_id": "{span_id}", '
            f'"method": "{method}", "path": {path}, "route": {_quoted(route)}, '
            f'"status_code": {status_code}, "process_time": {process_time:.6f}, '
            f'"client": {client}}}\n'
        )

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


def _only_handler() -> StdoutHandler | None:
    """Return the handler that would be the only one to see a record of this logger."""
    if len(_root.handlers) != 1 or _log.handlers or _log.filters or not _log.propagate:
        return None
    handler = _root.handlers[0]
    return handler if isinstance(handler, StdoutHandler) else None


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds))


@lru_cache(maxsize=1024)  # routes: a closed set
def _quoted(text: str) -> str:
    return quote(text)
