"""Settings written into `.env`, where people and Compose read them."""

import re
from collections.abc import Mapping
from pathlib import Path

from burnrate.replacing import replace_text


def set_variables(path: Path, values: Mapping[str, str]) -> None:
    """Set variables in a file; its other lines stay as they are.

    A new file is for its owner alone. The file is replaced at once, or not at all.

    Args:
        path: The file; it need not exist.
        values: Without line ends, quotes or backslashes.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for name, value in values.items():
        present = re.compile(rf"^[ \t]*(export )?{name}=.*$", re.MULTILINE)
        text = _with(text, f"{name}={value}", present)
    replace_text(path, text, 0o600)


def _with(text: str, line: str, present: re.Pattern[str]) -> str:
    if present.search(text):
        # The last one counts: none of the others may stay.
        first, *_ = present.finditer(text)
        return text[: first.start()] + line + present.sub("", text[first.end() :])
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{end}{line}\n"
