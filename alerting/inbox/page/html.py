"""HTML that is escaped unless it is known to be HTML already."""

import html
import string
from collections.abc import Iterable
from typing import Any


class Html(str):
    """Text that is HTML; only `fill` and `join` make it, so what went in has been escaped."""

    __slots__ = ()


class _Escaping(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 (Formatter's own)
        text = format(value, format_spec)
        return text if isinstance(value, Html) else html.escape(text, quote=True)


_FORMATTER = _Escaping()


def fill(template: str, /, **values: object) -> Html:
    """Put values into a template of ours; None is nothing, everything but Html is escaped.

    A value may stand in text and in quoted attributes, nowhere else.
    """
    shown = {name: "" if value is None else value for name, value in values.items()}
    return Html(_FORMATTER.vformat(template, (), shown))


def join(parts: Iterable[Html]) -> Html:
    """Put pieces one after the other."""
    return Html("".join(parts))
