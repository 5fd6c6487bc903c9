"""A wall clock that the test sets, for Python processes it starts."""

import os
from pathlib import Path

from tests.servers.processes import ROOT


class Clock:
    """Right until it is told otherwise; `settings` is what a process needs to follow it.

    Args:
        folder: For the file that says by how much it is off.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock-offset"
        self.step(0)
        path = [str(ROOT / "tests/servers/clock"), os.environ.get("PYTHONPATH", "")]
        self.settings = {
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
            "CLOCK_OFFSET_FILE": str(self._file),
        }

    def step(self, seconds: int) -> None:
        """Let it be off by so many seconds from now on."""
        written = self._file.with_suffix(".new")
        written.write_text(str(seconds))
        written.replace(self._file)
