"""One event is one line of valid JSON, whatever it holds."""

import logging
from datetime import UTC, datetime
from typing import Any, Final

from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from burnrate.telemetry.context import current_request
from burnrate.telemetry.logs.cleaning import Cleaner, shown_text

# What a record has by itself; everything else came in as `extra`. uvicorn adds `color_message`.
_STANDARD: Final = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}
)
_BROKEN: Final = "a log record cannot be shown (%s): it is from %s"
# Before the name of an extra field that would take the place of one of the line's own.
_EXTRA: Final = "extra_"


class JsonFormatter(BaseJsonFormatter):
    """Formats a record as one line of JSON.

    Fields: `timestamp` (RFC 3339, UTC, microseconds), `level`, `logger`, `message`, `service`;
    inside a request `request_id`, `trace_id`, `span_id`; `exception_type`, `exception_message`
    and `exception_stack` where there is one; and everything passed as `extra`. An extra field with
    the name of one that the line has already becomes `extra_<name>`.

    Args:
        service: The value of the field `service`.
        field_bytes: What a text may take in the line; a longer one is cut, and says by how much.
        line_bytes: What the whole line may take; fields beyond it are left out, and it says so.
    """

    def __init__(
        self, service: str = "", field_bytes: int = 16_384, line_bytes: int = 65_536
    ) -> None:
        super().__init__()
        self.service = service
        self.field_bytes = min(field_bytes, line_bytes // 4)
        self.line_bytes = line_bytes

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a field that cannot be shown says so instead of failing the line."""
        cleaner = Cleaner(self.field_bytes, self.line_bytes)
        fields: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="microseconds"
            ),
            "level": str(record.levelname).lower(),
            "logger": record.name,
            "message": _message(record),
            "service": self.service,
        }
        if (request := current_request()) is not None:
            fields["request_id"] = request.request_id
            fields["trace_id"] = request.trace_id
            fields["span_id"] = request.span_id
        if record.exc_info and record.exc_info[1] is not None:
            fields.update(_exception(record.exc_info[1], cleaner))
        if record.stack_info:
            fields["stack"] = cleaner.last_of(record.stack_info)
        _add_extra(fields, record)
        return self.serialize_log_record(cleaner.fields(fields))

    def format_broken(self, record: logging.LogRecord, error: Exception) -> str:
        """Return the line of a record that `format` cannot show, which says where it came from.

        Args:
            record: Of which hardly anything is taken, as anything may be the reason.
            error: Why.
        """
        place = f"{shown_text(record.pathname)}:{shown_text(record.lineno)}"
        name, reason = shown_text(record.name), type(error).__name__
        broken = logging.LogRecord(name, logging.ERROR, "", 0, _BROKEN, (reason, place), None)
        return self.format(broken)

    def serialize_log_record(self, log_data: dict[str, Any]) -> str:
        """Return `log_data`, cleaned before, as one line of ASCII."""
        return super().serialize_log_record(log_data)


def _exception(error: BaseException, cleaner: Cleaner) -> dict[str, str]:
    kind = type(error)
    return {
        "exception_type": f"{kind.__module__}.{kind.__qualname__}",
        "exception_message": shown_text(error),
        "exception_stack": cleaner.last_of(_stack(error)),
    }


def _add_extra(fields: dict[str, Any], record: logging.LogRecord) -> None:
    for name, value in vars(record).items():
        if name not in _STANDARD:
            fields[name if name not in fields else f"{_EXTRA}{name}"] = value


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - arguments may fail in any way; the line must still appear
        return f"{shown_text(record.msg):.200} [arguments cannot be shown]"


def _stack(error: BaseException) -> str:
    try:
        return logging.Formatter().formatException((type(error), error, error.__traceback__))
    except Exception:  # noqa: BLE001 - an exception may fail in its own str()
        return "[stack cannot be shown]"
