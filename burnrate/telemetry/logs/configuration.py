"""The logging of a whole process: everything to stdout, as JSON."""

import logging
import logging.config
import sys
import threading
from io import TextIOWrapper
from types import TracebackType
from typing import Any

from burnrate.telemetry.logs.formatter import JsonFormatter
from burnrate.telemetry.logs.output import StdoutHandler
from burnrate.telemetry.settings import TelemetrySettings


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
            "gunicorn": through_root,
            "gunicorn.error": through_root,
            "gunicorn.access": silent,
            "uvicorn": through_root,
            "uvicorn.error": through_root,
            "uvicorn.access": silent,
            "py.warnings": through_root,
            # At info they write each URL they fetch, with the tokens in its query.
            "httpx": quiet,
            "httpx2": quiet,
        },
    }


def _stdout(service: str, settings: TelemetrySettings) -> StdoutHandler:
    formatter = JsonFormatter(service, settings.log_field_bytes, settings.log_line_bytes)
    return StdoutHandler(formatter, buffer_bytes=settings.log_buffer_bytes)


def configure_logging(service: str, settings: TelemetrySettings) -> None:
    """Send every logger, warning and uncaught exception of this process to stdout as JSON.

    Args:
        service: The value of the field `service`.
        settings: Level and limits.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        # Lines go past its buffer; what the application prints must not come out in its middle.
        sys.stdout.reconfigure(line_buffering=True)
    logging.config.dictConfig(logging_config(service, settings))
    logging.captureWarnings(capture=True)
    # A failing log call must not print a traceback between the JSON lines.
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("uncaught").critical("uncaught exception", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        _log_uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
