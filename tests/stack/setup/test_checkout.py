"""The checkout as root of a container finds it."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from burnrate.stack.commands import stack


@pytest.mark.parametrize("closed", [".", "docker-compose.yml"])
def test_a_closed_clone_is_told_with_the_way_to_open_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    """Where the engine maps root to another user, the kernel keeps it out."""
    (tmp_path / "docker-compose.yml").touch()
    # Root of the tests may read everything, so the kernel's answer is made here.
    shut = tmp_path / closed
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != shut)

    done = CliRunner().invoke(stack, ["setup", str(tmp_path), str(tmp_path.parent)])

    assert "closed to others: chmod -R go+rX ." in f"{done.output}{done.exception}"


def test_an_engine_that_has_no_checkout_is_told(tmp_path: Path) -> None:
    """A mount of what is not there is an empty folder: so it is on another machine."""
    done = CliRunner().invoke(stack, ["setup", str(tmp_path), str(tmp_path.parent)])

    assert "it is on another machine" in f"{done.output}{done.exception}"
