"""Texts as the store can hold them, and no longer than a page of alerts can bear."""

import re

# Longer texts are cut in the alert, so that a page of alerts stays small; the delivery keeps all.
MAX_TEXT = 16 * 1024

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The same text with NUL and lone surrogates, which SQLite does not hold, as U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_pairs(pairs: dict[str, str]) -> dict[str, str]:
    """Labels or annotations with names and texts made storable."""
    return {storable(name): storable(text) for name, text in pairs.items()}


def cut(text: str) -> str:
    """At most MAX_TEXT characters of it, with a mark where something was cut off."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… [cut from {len(text)}]"


def cut_pairs(pairs: dict[str, str]) -> dict[str, str]:
    """Labels or annotations with over-long names and texts cut."""
    return {cut(name): cut(text) for name, text in pairs.items()}
