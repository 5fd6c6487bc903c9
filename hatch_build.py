"""Puts into the wheel what the stack is made of, for `burnrate export` and teams' repositories.

Rules, routes, runbooks, dashboards and the rest stay where they are written. The image is built
without them, so that a changed rule makes no new containers.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Of folders with Python, only the source.
_NAMES = "burnrate/pinned/shipped.txt"


class ShippedFiles(BuildHookInterface[Any]):
    """Includes the files where the wheel is built from a whole source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files; of a checkout that is installed as it is they are found in place."""
        if version == "editable":
            return
        root = Path(self.root)
        if not (root / "docker-compose.yml").exists():
            return
        for name in (root / _NAMES).read_text(encoding="utf-8").split():
            build_data["force_include"][name] = f"burnrate/export/shipped/{name}"
