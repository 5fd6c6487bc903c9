"""The stack that drills of the tests are held on."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drill.stacks import DrillStack


# Its tests are in one module: left running, it would slow down all that follows.
@pytest.fixture(scope="module")
def drill_stack() -> Iterator[DrillStack]:
    """One running stack for all drills of the tests."""
    # Every user must be able to walk to it: as root, PostgreSQL runs as another one.
    folder = Path(tempfile.mkdtemp(prefix="burnrate-drill-"))
    folder.chmod(0o755)
    stack = DrillStack(folder / "checkout")
    try:
        stack.up()
        yield stack
    finally:
        stack.down()
        shutil.rmtree(folder)
