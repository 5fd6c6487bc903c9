"""What is a part's own is given to its user."""

import os
import stat
from pathlib import Path

import pytest

from burnrate.stack.processes.users import Belongings, User, give

USER = User(70999, 70999)
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def test_data_of_an_older_start_is_given_with_all_that_is_in_it(tmp_path: Path) -> None:
    """Also what somebody has copied there since."""
    (tmp_path / "data/wal").mkdir(parents=True)
    (tmp_path / "data/wal/1").touch()
    give(Belongings(folders=(tmp_path / "data", tmp_path / "missing")), USER)
    (tmp_path / "data/restored").touch()
    give(Belongings(folders=(tmp_path / "data",)), USER)
    for path in (tmp_path / "data", *(tmp_path / "data").rglob("*")):
        assert (path.stat().st_uid, path.stat().st_gid) == (USER.uid, USER.gid)
    assert tmp_path.stat().st_uid == 0


def test_nothing_elsewhere_is_given_away(tmp_path: Path) -> None:
    """A part may have left a link to what it would like to have."""
    wanted = tmp_path / "wanted"
    (wanted / "folder").mkdir(parents=True)
    (wanted / "file").touch()
    data = tmp_path / "data"
    data.mkdir()
    (data / "link").symlink_to(wanted / "file")
    (data / "folder").symlink_to(wanted / "folder")
    (data / "name").hardlink_to(wanted / "file")
    give(Belongings(folders=(data,)), USER)
    assert {path.stat().st_uid for path in (wanted, *wanted.iterdir())} == {0}
    assert data.stat().st_uid == USER.uid


def test_secrets_are_copies_that_the_user_reads_and_root_writes(tmp_path: Path) -> None:
    """They follow the original, and what is not the part's any more goes."""
    original, copies = tmp_path / "token", tmp_path / "run/api/secrets"
    original.write_text("old")
    own = Belongings(secrets=copies, originals=(original,))
    give(own, USER)
    (copies / "of-another-time").touch()
    before = (copies / "token").stat().st_ino
    original.write_text("new")
    give(own, USER)
    assert [path.name for path in copies.iterdir()] == ["token"]
    found = (copies / "token").stat()
    assert (copies / "token").read_text() == "new"
    assert found.st_ino != before
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (0, USER.gid, 0o440)
    give(own, USER)
    assert (copies / "token").stat().st_ino == found.st_ino
