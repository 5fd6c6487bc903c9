"""Why a part refuses something, out of what its program prints: one line."""

import json
import re
from collections.abc import Sequence

_LINES = 3
_COLUMNS = 300
# What says no more than that something is wrong, and quotations of the file.
_NOISE = re.compile(
    r"^\s*$|^Checking \S+$|SUCCESS|test failed$|failed to validate \d+ file|contains errors"
    r"|validation failed$|^\s*\d*\s+\|"
)
_TROUBLE = re.compile(r"\[emerg\]|level\"?[=:] ?\"?error|FATAL|ERROR", re.IGNORECASE)
# Time, level and what else stands before the reason.
_PREFIX = re.compile(r"^.*?(?:FAILED:|\[emerg\] [\d#]+:|\bError:|LOG:|FATAL:|ERROR:)\s*")
_LOGFMT = re.compile(r'\berr(?:or)?="((?:[^"\\]|\\.)*)"')


def complaint(lines: Sequence[str]) -> str:
    """Return the reason in the output of a check that failed."""
    said = [_PREFIX.sub("", line).strip() for line in lines if not _NOISE.search(line)]
    return " ".join(said[:_LINES])[:_COLUMNS].strip() or "it gives no reason"


def logged_complaint(lines: Sequence[str]) -> str:
    """Return the reason in lines of a log: the first error's."""
    for line in lines:
        if _TROUBLE.search(line):
            return (_structured(line) or complaint([line]))[:_COLUMNS]
    return "its log gives no reason"


def _structured(line: str) -> str | None:
    if line.startswith("{"):
        try:
            fields = json.loads(line)
        except ValueError:
            return None
        return str(
            fields.get("err")
            or fields.get("error")
            or fields.get("reason")
            or fields.get("msg")
            or ""
        )
    found = _LOGFMT.search(line)
    return found[1].replace('\\"', '"') if found else None
