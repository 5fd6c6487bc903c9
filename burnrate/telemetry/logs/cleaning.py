"""Makes anything that is logged fit a line: bounded in bytes, valid JSON, without secrets."""

import math
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from json.encoder import encode_basestring_ascii as quote
from typing import Any, Final

from burnrate.telemetry.logs.redaction import (
    LONGEST_URL_PASSWORD,
    REDACTED,
    is_secret,
    without_passwords,
)

# Deeper or wider than this is a data dump, not a field.
_MAX_DEPTH: Final = 4
_MAX_ITEMS: Final = 64
_NAME_BYTES: Final = 256
_SHORT: Final = 100
# 2**63 - 1 is what JSON readers (Loki's included) keep exact as an integer.
_MAX_INTEGER: Final = 2**63 - 1
# What the marks of cuts, and numbers, may take beyond the budget.
_RESERVE_BYTES: Final = 1_024
_EARLIER_CUT: Final = "[earlier frames cut] "
_CUT: Final = "[cut]"


class Cleaner:
    """Cleans the fields of one line, which shares one budget of bytes.

    Args:
        field_bytes: What a single text may take, as it stands in the line.
        line_bytes: What all of them may take together; what comes first is served first.
    """

    def __init__(self, field_bytes: int, line_bytes: int) -> None:
        self._field_bytes = min(field_bytes, line_bytes // 4)
        self._left = line_bytes - _RESERVE_BYTES

    def fields(self, values: Mapping[Any, Any]) -> dict[str, Any]:
        """Return what a line holds of these fields, secret ones redacted."""
        return self._mapping(values, 0)

    def last_of(self, text: str) -> str:
        """Return the end of a text: of a stack, whose last frame raised."""
        kept = text[-self._field_bytes :]
        if len(kept) == len(text) and _size(text) <= self._field_bytes:
            return text
        room = self._field_bytes - len(_EARLIER_CUT)
        return _EARLIER_CUT + _first(kept[::-1], room)[0][::-1]

    def _mapping(self, values: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        cleaned: dict[str, Any] = {}
        for key, value in islice(values.items(), _MAX_ITEMS):
            if self._left <= 0:
                cleaned[_CUT] = len(values) - len(cleaned)
                break
            text = key if isinstance(key, str) else shown_text(key)
            name, size = _name(text[: 2 * _NAME_BYTES])
            self._left -= size
            cleaned[name] = REDACTED if is_secret(name) else self._value(value, depth)
        return cleaned

    def _value(self, value: object, depth: int) -> Any:  # noqa: ANN401 - JSON has many types
        try:
            return self._shown(value, depth)
        except Exception:  # noqa: BLE001 - of somebody's class; the line must still appear
            return f"[{type(value).__name__} cannot be shown]"

    def _shown(self, value: object, depth: int) -> Any:  # noqa: ANN401 - the same
        if isinstance(value, str):
            return self._cut(value, self._field_bytes)
        if value is None or isinstance(value, bool) or _is_exact_number(value):
            self._left -= 20
            return value
        if isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return self._nested(value, depth)
        return self._cut(shown_text(value), self._field_bytes)

    def _nested(self, value: Mapping[Any, Any] | Collection[object], depth: int) -> Any:  # noqa: ANN401 - the same
        if depth == _MAX_DEPTH:  # its text could be of any size
            return self._cut(f"[{type(value).__name__} of {len(value)}]", _NAME_BYTES)
        if isinstance(value, Mapping):
            return self._mapping(value, depth + 1)
        return self._items(value, depth + 1)

    def _items(self, values: Iterable[object], depth: int) -> list[Any]:
        cleaned: list[Any] = []
        for value in islice(values, _MAX_ITEMS):
            if self._left <= 0:
                cleaned.append(_CUT)
                break
            self._left -= 4  # the comma, or brackets
            cleaned.append(self._value(value, depth))
        return cleaned

    def _cut(self, text: str, most_bytes: int) -> str:
        if len(text) <= _SHORT and _is_plain(text) and self._left > 2 * _SHORT:
            self._left -= 2 * len(text) + 2  # were they all quotes
            return text
        most_bytes = max(0, min(most_bytes, self._left))
        seen = without_passwords(text[: most_bytes + LONGEST_URL_PASSWORD])
        kept, size = _first(seen, most_bytes)
        self._left -= size + 2
        if len(kept) == len(seen) and len(text) <= most_bytes + LONGEST_URL_PASSWORD:
            return kept
        return f"{kept}[{len(text) - len(kept)} characters cut]"


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "://" not in text


@lru_cache(maxsize=2048)
def _name(text: str) -> tuple[str, int]:
    """Return a field's name as it stands in a line, and what it takes there at most."""
    name, size = _first(text, _NAME_BYTES)
    return name, size + 8  # quotes, colon and comma, or brackets


def _first(text: str, most_bytes: int) -> tuple[str, int]:
    """Return as much of a text's beginning as fits so many bytes of a line, and its bytes."""
    text = text[:most_bytes]  # a character takes one byte at least
    size = _size(text)
    if size <= most_bytes:
        return text, size
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _size(text[:middle]) <= most_bytes else (low, middle - 1)
    return text[:low], _size(text[:low])


def _size(text: str) -> int:
    return len(quote(text)) - 2


def _is_exact_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and abs(value) <= _MAX_INTEGER


def shown_text(value: object) -> str:
    """Return a value's own text, or one that says that it has none; never raises."""
    try:
        if isinstance(value, (bytes, bytearray)):
            value = bytes(value[: 1 << 16])  # each byte takes up to four characters
        return str(value)
    except Exception:  # noqa: BLE001 - an object may fail in its own str()
        return f"[{type(value).__name__} cannot be shown]"
