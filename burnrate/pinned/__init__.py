"""A team's repository and the release that it pins, laid together into what the stack runs from."""

from burnrate.pinned.errors import PinError
from burnrate.pinned.release import PACKAGE, installed_root, installed_version
from burnrate.pinned.repository import (
    OWN,
    PIN,
    RELEASED,
    check_pin,
    find_repository,
    is_repository,
    own_files,
    pin_line,
    repository_of,
)
from burnrate.pinned.tree import homes, laid_out, laid_together

__all__ = [
    "OWN",
    "PACKAGE",
    "PIN",
    "RELEASED",
    "PinError",
    "check_pin",
    "find_repository",
    "homes",
    "installed_root",
    "installed_version",
    "is_repository",
    "laid_out",
    "laid_together",
    "own_files",
    "pin_line",
    "repository_of",
]
