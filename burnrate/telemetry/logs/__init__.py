"""Writes what a process logs to stdout as JSON, one whole line an event, without waiting.

`configure_logging` sets a process up, `take_over_servers` does so again where a server has set
itself up later, and `logging_config` is a `dictConfig` of it; `drain_logs`
waits for what has not got out yet, at the end. `RequestLine` is a request's own line, `is_wanted`
says whether such lines are written at all, and `mark_logged` with `hide_second_reports` keeps a
server from reporting an exception a second time.
"""

from burnrate.telemetry.logs.configuration import (
    configure_logging,
    logging_config,
    take_over_servers,
)
from burnrate.telemetry.logs.output import drain_logs, mark_logged
from burnrate.telemetry.logs.request_line import RequestLine, is_wanted
from burnrate.telemetry.logs.server_reports import hide_second_reports

__all__ = [
    "RequestLine",
    "configure_logging",
    "drain_logs",
    "hide_second_reports",
    "is_wanted",
    "logging_config",
    "mark_logged",
    "take_over_servers",
]
