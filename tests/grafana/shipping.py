"""Puts the stack's log files into Loki as alloy/pipeline.alloy does, where Alloy is missing.

An imitation: it makes the same labels and structured metadata, so that the panels' and links'
queries meet the lines they were written for. It says nothing about Alloy itself.
"""

import json
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx2

IDS: Final = ("trace_id", "span_id", "request_id", "route")
TIMES: Final = ("timestamp", "time", "ts", "t")
LEVELS: Final = {
    "debug": "debug", "trace": "debug", "info": "info", "notice": "info", "log": "info",
    "warn": "warning", "warning": "warning", "error": "error", "err": "error",
    "critical": "critical", "fatal": "critical", "panic": "critical",
}  # fmt: skip
_POSTGRES_LEVEL: Final = re.compile(r" (DEBUG|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC)\d?: ")


def entry(service: str, line: str) -> tuple[str, list[Any]]:
    """Return a line's level, and the line as Loki takes it: time, text, structured metadata."""
    fields: dict[str, Any] = {}
    if line.startswith("{"):
        try:
            fields = json.loads(line)
        except ValueError:
            fields = {}
    level = str(fields.get("level", "")).lower()
    if service == "postgres" and (match := _POSTGRES_LEVEL.search(line)):
        level = match[1].lower()
    metadata = {name: str(fields[name]) for name in IDS if fields.get(name)}
    return LEVELS.get(level, "unknown"), [str(_nanoseconds(fields)), line, metadata]


def _nanoseconds(fields: dict[str, Any]) -> int:
    for name in TIMES:
        try:
            return int(datetime.fromisoformat(str(fields[name])).timestamp() * 1e6) * 1000
        except (KeyError, ValueError):
            continue
    return time.time_ns()


class Shipper:
    """Follows the files of a folder, one a service."""

    def __init__(self, folder: Path, loki: str) -> None:
        self._folder = folder
        self._loki = loki
        self._read: dict[Path, int] = {}

    def ship(self) -> None:
        """Send what was written since the last time."""
        streams: dict[tuple[str, str], list[Any]] = {}
        for path in sorted(self._folder.glob("*.log")):
            for line in self._new_lines(path):
                level, value = entry(path.stem, line)
                streams.setdefault((path.stem, level), []).append(value)
        body = [
            {"stream": {"service": service, "level": level}, "values": values}
            for (service, level), values in streams.items()
        ]
        if body:
            answer = httpx2.post(f"{self._loki}/loki/api/v1/push", json={"streams": body})
            assert answer.status_code == 204, answer.text

    def _new_lines(self, path: Path) -> list[str]:
        with path.open("rb") as file:
            file.seek(self._read.get(path, 0))
            content = file.read()
        # Half a line waits for its end.
        whole = content[: content.rfind(b"\n") + 1]
        self._read[path] = self._read.get(path, 0) + len(whole)
        return [line for line in whole.decode(errors="replace").splitlines() if line.strip()]
