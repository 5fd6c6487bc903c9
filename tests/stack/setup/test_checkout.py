"""The checkout as root of a container finds it."""

import os
from pathlib import Path

import pytest

from burnrate.stack.errors import StackError
from burnrate.stack.setup import check_readable


def test_a_closed_clone_is_told_with_the_way_to_open_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the engine maps root to another user, the kernel refuses its files, dirs or both."""
    (tmp_path / "docker-compose.yml").touch()
    check_readable(tmp_path)

    # Root of the tests may read everything: what is refused is told by the kernel's own call.
    for closed in (tmp_path, tmp_path / "docker-compose.yml"):
        monkeypatch.setattr(os, "access", lambda path, _mode, closed=closed: path != closed)
        with pytest.raises(StackError, match=r"closed to others: chmod -R go\+rX"):
            check_readable(tmp_path)
