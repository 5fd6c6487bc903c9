"""A wall clock that the test sets, for Python processes it starts."""

import os
import time
from pathlib import Path

from tests.servers.processes import ROOT


class Clock:
    """Right until it is told otherwise; `settings` is what a process needs to follow it.

    Args:
        folder: For the file that says by how much it is off, or where it stands.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.step(0)
        path = [str(ROOT / "tests/servers/clock"), os.environ.get("PYTHONPATH", "")]
        self.settings = {
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
            "CLOCK_FILE": str(self._file),
        }

    def step(self, seconds: int) -> None:
        """Let it go on, off by so many seconds from now on."""
        self._write(f"off {seconds * 10**9}")

    def stop(self) -> None:
        """Let it stand at the present moment."""
        self._write(f"at {time.time_ns()}")

    def _write(self, text: str) -> None:
        written = self._file.with_suffix(".new")
        written.write_text(text)
        written.replace(self._file)
