"""What a part's user sees of folders that are root's alone."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from burnrate.stack.processes.users import User, View

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has parts run as other users")


@pytest.fixture
def closed(open_path: Path) -> Path:
    """Somebody's private folder, with a program two levels down and something secret."""
    closed = open_path / "home"
    (closed / "a b/bin").mkdir(parents=True)
    (closed / "a b/bin/program").write_text("the program")
    (closed / "secret").write_text("secret")
    closed.chmod(0o700)
    return closed


def _run(view: View, folder: Path, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    user = User(70999, 70999, view=view)
    view.prepare()
    command = [*user.command(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def test_open_folders_need_nothing(open_path: Path) -> None:
    """No namespace is made."""
    view = View.of([open_path, Path("/usr/bin")], open_path / "view")
    assert view.command(open_path) == ()


@as_root
def test_trees_are_shown_in_an_otherwise_empty_folder(open_path: Path, closed: Path) -> None:
    """Read-only; and outside everything is as it was."""
    view = View.of([closed / "a b/bin", closed / "a b/bin/program"], open_path / "view")
    shown = _run(view, closed / "a b/bin", ["cat", "program"])
    assert (shown.stdout, shown.stderr) == ("the program", "")
    listed = _run(view, open_path, ["ls", str(closed)])
    assert (listed.stdout, listed.stderr) == ("a b\n", "")
    assert sorted(path.name for path in closed.iterdir()) == ["a b", "secret"]
    assert list((open_path / "view").iterdir()) == []


@as_root
def test_not_even_root_writes_there(open_path: Path, closed: Path) -> None:
    """What a part executes cannot be changed by it."""
    view = View.of([closed / "a b/bin"], open_path / "view")
    view.prepare()
    for place in (closed / "a b/bin/new", closed / "new"):
        command = [*view.command(open_path), "touch", str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "Read-only file system" in done.stderr
