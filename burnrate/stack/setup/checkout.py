"""The checkout as the one-shot service has it: mounted, and root of the container may read it."""

import os
from pathlib import Path

from burnrate.stack.errors import StackError

_CLOSED = (
    "the engine makes another user of root in a container (userns-remap, or a rootless engine that "
    "is not the clone's owner's), and the clone is closed to others: chmod -R go+rX ."
)


def check_readable(checkout: Path) -> None:
    """Raise StackError if the checkout is closed to this process, which is root in a container."""
    if not all(os.access(path, os.R_OK) for path in (checkout, checkout / "docker-compose.yml")):
        raise StackError(_CLOSED)
