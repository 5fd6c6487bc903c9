"""What the tests of this room share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A temporary folder that every user can walk to and whose path is short; pytest's own is not.

    As root the stack runs PostgreSQL as another user, and puts the state of a checkout in a private
    folder elsewhere; a socket's path has at most 107 bytes.
    """
    path = Path(tempfile.mkdtemp(prefix="burnrate-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
