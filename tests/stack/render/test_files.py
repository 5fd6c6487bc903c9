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


def test_only_the_folder_itself_is_closed(tmp_path: Path) -> None:
    """Its group gets in, and then reads what is below: Loki's rules are in a folder of theirs."""
    directory = tmp_path / "etc"
    write_files(directory, {directory / "rules/fake/a.yml": b"1"}, mode=0o750)
    modes = [path.stat().st_mode & 0o777 for path in (directory, *sorted(directory.rglob("*")))]
    assert modes == [0o750, 0o755, 0o755, 0o644]
