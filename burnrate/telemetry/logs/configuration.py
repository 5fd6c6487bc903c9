"""The logging of a whole process: everything to stdout, as JSON."""

import logging
import sys
from io import TextIOWrapper
from typing import Any, Final

from burnrate.telemetry.logs.formatter import JsonFormatter
from burnrate.telemetry.logs.output import StdoutHandler
from burnrate.telemetry.logs.uncaught import log_uncaught
from burnrate.telemetry.settings import TelemetrySettings

_THROUGH_ROOT: Final = ("gunicorn", "gunicorn.error", "uvicorn", "uvicorn.error", "py.warnings")
_ACCESS_LOGS: Final = ("gunicorn.access", "uvicorn.access")
# At info they write each URL they fetch, with the tokens in its query.
_QUIET: Final = ("httpx", "httpx2")


def logging_config(service: str, settings: TelemetrySettings) -> dict[str, Any]:
    """Return a `logging.config.dictConfig` that sends every logger to stdout as JSON.

    gunicorn's and uvicorn's loggers give up their own handlers. Their access logs are off: the
    request line that the telemetry writes says more.

    Args:
        service: The value of the field `service`.
        settings: Level and limits.
    """
    through_root: dict[str, Any] = {"handlers": [], "propagate": True, "level": "INFO"}
    quiet: dict[str, Any] = {**through_root, "level": "WARNING"}
    silent: dict[str, Any] = {"handlers": [], "propagate": False, "level": "CRITICAL"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"stdout": {"()": _stdout, "service": service, "settings": settings}},
        "root": {"level": settings.log_level.upper(), "handlers": ["stdout"]},
        "loggers": {
            **dict.fromkeys(_THROUGH_ROOT, through_root),
            **dict.fromkeys(_ACCESS_LOGS, silent),
            **dict.fromkeys(_QUIET, quiet),
        },
    }


def _stdout(service: str, settings: TelemetrySettings) -> StdoutHandler:
    formatter = JsonFormatter(service, settings.log_field_bytes, settings.log_line_bytes)
    return StdoutHandler(formatter, buffer_bytes=settings.log_buffer_bytes)


def configure_logging(service: str, settings: TelemetrySettings) -> None:
    """Send every logger, warning and uncaught exception of this process to stdout as JSON.

    Handlers that write to the console give way, else each line would be there twice. All others,
    such as those of files, vendors and pytest, stay, and so do hooks for uncaught exceptions.

    Args:
        service: The value of the field `service`.
        settings: Level and limits.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        # Lines go past its buffer; what the application prints must not come out in its middle.
        sys.stdout.reconfigure(line_buffering=True)
    root = logging.getLogger()
    _leave_console(root)
    root.addHandler(_stdout(service, settings))
    root.setLevel(settings.log_level.upper())
    take_over_servers()
    logging.captureWarnings(capture=True)
    # A failing log call must not print a traceback between the JSON lines.
    logging.raiseExceptions = False
    log_uncaught()


def take_over_servers() -> None:
    """Send the lines of servers to the root's handlers, and end their access logs on the console.

    A server that is started by the application, or that looks for it, configures its loggers after
    `configure_logging`; so the application's start calls this again.
    """
    for name in _THROUGH_ROOT:
        logger = logging.getLogger(name)
        _leave_console(logger)
        logger.propagate = True
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
    for name in _ACCESS_LOGS:
        logger = logging.getLogger(name)
        _leave_console(logger)
        logger.propagate = False
        if not logger.handlers:
            logger.setLevel(logging.CRITICAL)  # no record is made for nobody
    for name in _QUIET:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)


def _leave_console(logger: logging.Logger) -> None:
    for handler in list(logger.handlers):
        if isinstance(handler, StdoutHandler) or _is_console(handler):
            logger.removeHandler(handler)
            handler.close()


def _is_console(handler: logging.Handler) -> bool:
    console = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return isinstance(handler, logging.StreamHandler) and handler.stream in console
