"""One stack for all pages whose commands are tried."""

import os
import sys
from collections.abc import Iterator

import pytest

from tests.servers.checkout import Checkout, copied_checkout


@pytest.fixture(scope="session")
def checkout() -> Iterator[Checkout]:
    """A stack of plain processes with the `.venv` that pages name."""
    # As docs/production.md says.
    with copied_checkout(DOOR_HOSTS="ops.example.org") as made:
        (made.path / ".venv").symlink_to(sys.prefix)
        # Older than the environment, or `make` would install the copy into it.
        for path in (made.path / "pyproject.toml", *(made.path / "requirements").iterdir()):
            os.utime(path, (0, 0))
        made.up()
        yield made
