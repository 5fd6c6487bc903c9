"""One event is one line of valid JSON, whatever it holds."""

import logging
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from burnrate.telemetry.context import current_request

# Deeper or wider than this is a data dump, not a field.
_MAX_DEPTH: Final = 4
_MAX_ITEMS: Final = 64
# 2**63 - 1 is what JSON readers (Loki's included) keep exact as an integer.
_MAX_INTEGER: Final = 2**63 - 1
_SECRET_KEY: Final = re.compile(
    r"authorization|cookie|password|passwd|secret|token|api_?key", re.IGNORECASE
)
_URL_PASSWORD: Final = re.compile(r"(://[^/\s:@]*:)[^@\s]+@")
_REDACTED: Final = "[redacted]"
_EARLIER_FRAMES: Final = "[earlier frames cut] "


class JsonFormatter(BaseJsonFormatter):
    """Formats a record as one line of JSON.

    Fields: `timestamp` (RFC 3339, UTC, microseconds), `level`, `logger`, `message`, `service`;
    inside a request `request_id`, `trace_id`, `span_id`; `exception_type`, `exception_message`
    and `exception_stack` where there is one; and everything passed as `extra`.

    Args:
        service: The value of the field `service`.
        field_characters: A longer text is cut, and says by how much.
    """

    def __init__(self, service: str = "", field_characters: int = 16_384) -> None:
        super().__init__()
        self.service = service
        self.field_characters = field_characters

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a field that cannot be shown says so instead of failing the line."""
        fields: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="microseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            "service": self.service,
        }
        if (request := current_request()) is not None:
            fields["request_id"] = request.request_id
            fields["trace_id"] = request.trace_id
            fields["span_id"] = request.span_id
        fields.update(_extra(record))
        if record.exc_info and record.exc_info[1] is not None:
            fields.update(self._exception(record.exc_info[1]))
        if record.stack_info:
            fields["stack"] = record.stack_info
        return self.serialize_log_record(self._clean_mapping(fields, depth=0))

    def serialize_log_record(self, log_data: LogData) -> str:
        """Return `log_data`, cleaned before, as one line of ASCII."""
        return super().serialize_log_record(log_data)

    def _exception(self, error: BaseException) -> dict[str, str]:
        kind = type(error)
        return {
            "exception_type": f"{kind.__module__}.{kind.__qualname__}",
            "exception_message": _text(error),
            "exception_stack": self._last_frames(_stack(error)),
        }

    def _last_frames(self, stack: str) -> str:
        """Cut a long stack at its beginning: the frame that raised stands last."""
        if len(stack) <= self.field_characters:
            return stack
        kept = stack[-self.field_characters + len(_EARLIER_FRAMES) :]
        return _EARLIER_FRAMES + kept

    def _clean_mapping(self, values: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        cleaned: dict[str, Any] = {}
        for key, value in list(values.items())[:_MAX_ITEMS]:
            name = key if isinstance(key, str) else _text(key)
            is_secret = _SECRET_KEY.search(name) is not None
            cleaned[self._cut(name)] = _REDACTED if is_secret else self._clean(value, depth)
        return cleaned

    def _clean(self, value: object, depth: int) -> Any:  # noqa: ANN401 - JSON has many types
        if isinstance(value, str):
            return self._cut(value)
        if value is None or isinstance(value, bool) or _is_exact_number(value):
            return value
        if depth < _MAX_DEPTH:
            if isinstance(value, Mapping):
                return self._clean_mapping(value, depth + 1)
            if isinstance(value, (list, tuple, set, frozenset)):
                return [self._clean(item, depth + 1) for item in list(value)[:_MAX_ITEMS]]
        return self._cut(_text(value))

    def _cut(self, text: str) -> str:
        excess = len(text) - self.field_characters
        if excess > 0:
            text = f"{text[: self.field_characters]}[{excess} characters cut]"
        return _URL_PASSWORD.sub(rf"\1{_REDACTED}@", text) if "://" in text else text


# What a record has by itself; everything else came in as `extra`. uvicorn adds `color_message`.
_STANDARD: Final = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}
)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - arguments may fail in any way; the line must still appear
        return f"{record.msg!s:.200} [arguments cannot be shown]"


def _is_exact_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and abs(value) <= _MAX_INTEGER


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - the same
        return f"[{type(value).__name__} cannot be shown]"


def _stack(error: BaseException) -> str:
    try:
        return logging.Formatter().formatException((type(error), error, error.__traceback__))
    except Exception:  # noqa: BLE001 - an exception may fail in its own str()
        return "[stack cannot be shown]"
