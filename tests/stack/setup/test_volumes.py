"""A part's volumes: written, and given to its user."""

import os
import stat
from pathlib import Path

import pytest

from burnrate.stack.compose import Service
from burnrate.stack.errors import StackError
from burnrate.stack.setup.volumes import (
    empty,
    give_data_volume,
    owner_of,
    put_volume_back,
    stage_volume,
    take_volume,
    write_volume,
)

OWN = (os.getuid(), os.getgid())
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")


def _modes(directory: Path) -> dict[str, int]:
    return {
        path.relative_to(directory).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (directory, *directory.rglob("*"))
    }


def test_secrets_are_for_the_owner_alone_and_files_for_all(tmp_path: Path) -> None:
    """Whatever the umask."""
    before = os.umask(0o077)
    try:
        write_volume(tmp_path, {"a.yml": b"a", "deep/er/b.yml": b"b"}, {"token": b"t"}, OWN)
    finally:
        os.umask(before)
    assert _modes(tmp_path) == {
        ".": 0o755,
        "a.yml": 0o644,
        "deep": 0o755,
        "deep/er": 0o755,
        "deep/er/b.yml": 0o644,
        "secrets": 0o700,
        "secrets/token": 0o600,
    }


def test_only_what_changed_is_written_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    """A reader of a file that stays keeps it; the names tell what to load again."""
    files = {"a.yml": b"a", "rules/b.yml": b"b", "rules/c.yml": b"c"}
    assert write_volume(tmp_path, files, {"token": b"t"}, OWN) == [*sorted(files), "secrets/token"]
    kept = (tmp_path / "a.yml").stat().st_ino
    (tmp_path / "rules/.left-over").touch()

    changed = write_volume(tmp_path, {"a.yml": b"a", "rules/b.yml": b"B"}, {"token": b"t"}, OWN)

    assert changed == ["rules/.left-over", "rules/b.yml", "rules/c.yml"]
    assert (tmp_path / "a.yml").stat().st_ino == kept
    assert write_volume(tmp_path, {"a.yml": b"a"}, {}, OWN) == ["rules/b.yml", "secrets/token"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.yml"]


@as_root
def test_everything_belongs_to_the_parts_user(tmp_path: Path) -> None:
    """Also what another user had before."""
    write_volume(tmp_path, {"a/b.yml": b"b"}, {"token": b"t"}, (472, 472))
    write_volume(tmp_path, {"a/b.yml": b"b"}, {"token": b"t"}, (473, 474))
    owners = {(p.stat().st_uid, p.stat().st_gid) for p in (tmp_path, *tmp_path.rglob("*"))}
    assert owners == {(473, 474)}


def test_a_candidate_waits_beside_what_is_in_use_and_a_secret_does_not(tmp_path: Path) -> None:
    """No program can check a secret; one that is not wanted any more may still be in use."""
    write_volume(tmp_path, {"a.yml": b"a", "rules/b.yml": b"b"}, {"old": b"o", "token": b"t"}, OWN)
    changed = stage_volume(tmp_path, {"a.yml": b"A"}, {"token": b"T", "new": b"n"}, OWN)
    assert changed == ["a.yml", "rules/b.yml", "secrets/new", "secrets/token"]
    assert (tmp_path / "a.yml").read_text() == "a"
    assert {p.name: p.read_text() for p in (tmp_path / "secrets").iterdir()} == {
        "old": "o",
        "token": "T",
        "new": "n",
    }

    take_volume(tmp_path, OWN)
    assert (tmp_path / "a.yml").read_text() == "A"
    assert not (tmp_path / "rules").exists()
    put_volume_back(tmp_path, OWN)
    assert (tmp_path / "rules/b.yml").read_text() == "b"
    assert _modes(tmp_path)["secrets/new"] == 0o600
    write_volume(tmp_path, {"a.yml": b"a"}, {}, OWN)
    assert [path.name for path in tmp_path.iterdir()] == ["a.yml"]


@as_root
def test_a_candidate_is_its_parts_to_read(tmp_path: Path) -> None:
    """Wherever it is: the part's program checks it, and then it is in use."""
    owner = (472, 473)
    write_volume(tmp_path, {"a.yml": b"a"}, {"token": b"t"}, owner)
    for step in (
        lambda: stage_volume(tmp_path, {"a.yml": b"A", "new/b.yml": b"b"}, {"c": b"c"}, owner),
        lambda: take_volume(tmp_path, owner),
        lambda: put_volume_back(tmp_path, owner),
    ):
        step()
        owners = {(p.stat().st_uid, p.stat().st_gid) for p in (tmp_path, *tmp_path.rglob("*"))}
        assert owners == {owner}


@as_root
def test_a_data_volume_is_private_and_what_is_in_it_follows_its_user(tmp_path: Path) -> None:
    """A link is given away itself, and not what it points to."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/file").touch()
    outside = tmp_path.parent / "outside"
    outside.touch()
    (tmp_path / "link").symlink_to(outside)

    give_data_volume(tmp_path, (999, 1000))

    for path in (tmp_path, *tmp_path.rglob("*")):
        assert (path.lstat().st_uid, path.lstat().st_gid) == (999, 1000)
    assert outside.stat().st_uid == 0
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_emptying_deletes_what_is_in_it_and_nothing_behind_a_link(tmp_path: Path) -> None:
    """The volume itself is a mount."""
    outside = tmp_path / "outside"
    (outside / "kept").mkdir(parents=True)
    volume = tmp_path / "volume"
    (volume / "a/b").mkdir(parents=True)
    (volume / "link").symlink_to(outside)
    empty(volume)
    assert list(volume.iterdir()) == []
    assert (outside / "kept").is_dir()


@pytest.mark.parametrize("user", [None, "nobody", "65534", "65534:nobody", ":1"])
def test_a_part_whose_user_is_not_in_numbers_is_refused(user: str | None) -> None:
    """Names are an image's own; here they may mean somebody else, or nobody."""
    with pytest.raises(StackError, match=r"docker-compose\.yml: loki: setup needs its `user"):
        owner_of("loki", Service(user=user))
    assert owner_of("loki", Service(user="10001:10002")) == (10001, 10002)
