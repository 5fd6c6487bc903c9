"""The checkout as the one-shot service has it: mounted, and root of the container may read it."""

import os
from pathlib import Path

from burnrate.stack.errors import StackError

_CLOSED = (
    "the engine makes another user of root in a container (userns-remap, or a rootless engine that "
    "is not the clone's owner's), and the clone is closed to others: chmod -R go+rX ."
)

_ELSEWHERE = (
    "the engine has no checkout at the path that it was given: it is on another machine, or this "
    "folder is not shared with it"
)


def check_readable(checkout: Path) -> None:
    """Raise StackError if this process, root in a container, cannot read the checkout."""
    compose_file = checkout / "docker-compose.yml"
    if not os.access(checkout, os.R_OK | os.X_OK):
        raise StackError(_CLOSED)
    if not compose_file.exists():
        raise StackError(_ELSEWHERE)
    if not os.access(compose_file, os.R_OK):
        raise StackError(_CLOSED)
