"""The folder of a process: what is removed, and what is left alone."""

import tempfile
from pathlib import Path

import pytest

from api.documents.workspace import Workspace


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_folder_goes_with_all_that_is_in_it(parent: Path) -> None:
    """At the end of the process."""
    workspace = Workspace()
    with workspace.running():
        workspace.new_file().write_text("left")
        [folder] = parent.iterdir()
        assert folder.name.startswith("burnrate-documents-")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not list(parent.iterdir())


def test_folder_that_nobody_holds_is_removed_and_others_are_not(parent: Path) -> None:
    """Not another worker's, and nothing that only looks like one."""
    abandoned = parent / "burnrate-documents-abandoned"
    abandoned.mkdir()
    (abandoned / "document").write_text("left")
    elsewhere = parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (parent / "burnrate-documents-link").symlink_to(elsewhere)
    (parent / "burnrate-documents-file").touch()
    first, second = Workspace(), Workspace()
    with first.running():
        assert not abandoned.exists()
        file = first.new_file()
        file.write_text("in progress")
        with second.running():
            assert file.read_text() == "in progress"
    assert (elsewhere / "kept").exists()


def test_a_file_is_only_made_while_it_runs() -> None:
    """Before there is no folder for it."""
    with pytest.raises(RuntimeError):
        Workspace().new_file()
