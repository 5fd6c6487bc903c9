"""What is a part's own: given to its user before it starts."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from burnrate.stack.layout import make_directory
from burnrate.stack.processes.users.users import User

_SECRET_MODE = 0o440
_SECRETS_MODE = 0o750


@dataclass(frozen=True)
class Belongings:
    """What a part alone reads or writes.

    Attributes:
        folders: What it writes to.
        secrets: Where its copies are, which root writes and it reads.
        originals: What they are copies of.
    """

    folders: tuple[Path, ...] = ()
    secrets: Path | None = None
    originals: tuple[Path, ...] = ()


def give(belongings: Belongings, user: User) -> None:
    """Let a user have what is a part's own, whoever had it before.

    Also what somebody has put there since, such as a backup. Neither a link nor what else a part
    may put in the way makes its user the owner of anything elsewhere.
    """
    user.view.prepare()
    for folder in filter(Path.is_dir, belongings.folders):
        for _, folders, files, descriptor in os.fwalk(folder, topdown=False):
            for name in (*folders, *files):
                with suppress(FileNotFoundError):  # it has just been removed
                    _give(name, user, descriptor)
        _give(str(folder), user)
    if belongings.secrets is not None:
        _copy(belongings.secrets, belongings.originals, user)


def _give(name: str, user: User, folder: int | None = None) -> None:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    # A file of several names may be one of elsewhere.
    is_ours_alone = stat.S_ISDIR(found.st_mode) or found.st_nlink == 1
    if is_ours_alone and (found.st_uid, found.st_gid) != (user.uid, user.gid):
        os.chown(name, user.uid, user.gid, dir_fd=folder, follow_symlinks=False)


def _copy(folder: Path, originals: tuple[Path, ...], user: User) -> None:
    make_directory(folder, _SECRETS_MODE)
    os.chown(folder, 0, user.gid)
    names = {path.name for path in originals}
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()
    for original in originals:
        _copy_one(original, folder / original.name, user)


def _copy_one(original: Path, copy: Path, user: User) -> None:
    content = original.read_bytes()
    is_same = copy.is_file() and copy.read_bytes() == content
    if is_same and copy.stat().st_gid == user.gid:
        return
    new = copy.with_name(f".{copy.name}.new")
    new.unlink(missing_ok=True)
    new.touch(0o600, exist_ok=False)
    new.write_bytes(content)
    os.chown(new, 0, user.gid)
    new.chmod(_SECRET_MODE)
    # A reader sees the old value or the new one.
    new.replace(copy)
