"""What was logged, read back as the JSON lines that would stand on stdout."""

import json
import logging
from io import StringIO
from typing import Any

from burnrate.telemetry.logs.formatter import JsonFormatter


class Lines:
    """What was logged, as the JSON objects that would stand on stdout."""

    def __init__(self) -> None:
        self._stream = StringIO()
        self.handler = logging.StreamHandler(self._stream)
        self.handler.setFormatter(JsonFormatter("test", field_bytes=300))

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, logger: str) -> list[dict[str, Any]]:
        return [line for line in self.all if line["logger"] == logger]
