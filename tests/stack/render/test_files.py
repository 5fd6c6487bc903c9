"""Rendered files on disk."""

from pathlib import Path

from burnrate.stack.render import write_files


def test_written_files_replace_what_was_there(tmp_path: Path) -> None:
    """A file that left the tree leaves the copy, too."""
    directory = tmp_path / "etc"
    write_files(directory, {directory / "a/old.yml": b"1"})
    write_files(directory, {directory / "b/new.yml": b"2"})
    assert [p.name for p in directory.rglob("*") if p.is_file()] == ["new.yml"]
    assert (directory / "b").stat().st_mode & 0o777 == 0o755
    assert (directory / "b/new.yml").stat().st_mode & 0o777 == 0o644


def test_unchanged_files_are_left_alone(tmp_path: Path) -> None:
    """A running part keeps the very files it has open."""
    directory = tmp_path / "etc"
    write_files(directory, {directory / "a.yml": b"1"})
    inode = (directory / "a.yml").stat().st_ino
    write_files(directory, {directory / "a.yml": b"1"})
    assert (directory / "a.yml").stat().st_ino == inode
