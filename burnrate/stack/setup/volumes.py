"""A part's volumes: written, and given to its user."""

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from burnrate.stack.compose import SETUP, Service
from burnrate.stack.errors import StackError
from burnrate.stack.layout import make_directory
from burnrate.stack.render import clear_candidate, put_back, take_candidate, write_candidate

_PRIVATE_DIRECTORY = 0o700
_SECRETS = "secrets"

Owner = tuple[int, int]


def owner_of(part: str, service: Service) -> Owner:
    """Return the user and group that a part runs as.

    Raises:
        StackError: docker-compose.yml does not give them as numbers.
    """
    uid, _, gid = (service.user or "").partition(":")
    if not (uid.isdigit() and gid.isdigit()):
        raise StackError(f'docker-compose.yml: {part}: {SETUP} needs its `user: "uid:gid"`')
    return int(uid), int(gid)


def write_volume(
    directory: Path, files: Mapping[str, bytes], secrets: Mapping[str, bytes], owner: Owner
) -> list[str]:
    """Make a volume hold exactly what its part reads; returns the names of what changed.

    A file is replaced by renaming, so that a reader sees the old content or the new.

    Args:
        directory: Where the volume is mounted.
        files: Content by path; any user may read it.
        secrets: Content by name; for the owner alone.
        owner: The part's user.
    """
    clear_candidate(directory)
    wanted = {**files, **_placed(secrets)}
    gone = [path for path in _present(directory) if path not in wanted]
    for path in gone:
        (directory / path).unlink()
    changed = _replace_changed(directory, wanted)
    _tidy(directory, owner)
    return sorted([*changed, *gone])


def stage_volume(
    directory: Path, files: Mapping[str, bytes], secrets: Mapping[str, bytes], owner: Owner
) -> list[str]:
    """Write a candidate into a volume, and secrets in their place; arguments as `write_volume`.

    Returns:
        The names of what changes; a secret that is not needed any more stays until the next start.
    """
    changed = [*_replace_changed(directory, _placed(secrets)), *write_candidate(directory, files)]
    _give(directory, owner)
    return sorted(changed)


def take_volume(directory: Path, owner: Owner) -> None:
    """Put a volume's candidate in place."""
    take_candidate(directory)
    _tidy(directory, owner)


def put_volume_back(directory: Path, owner: Owner) -> None:
    """Undo `take_volume`."""
    put_back(directory)
    _tidy(directory, owner)


def give_data_volume(directory: Path, owner: Owner) -> None:
    """Let a part's user alone use a volume and, where it was another's, what is in it."""
    if directory.stat().st_uid != owner[0]:
        for path in directory.rglob("*"):
            _chown(path, owner)
    _chown(directory, owner)
    make_directory(directory, _PRIVATE_DIRECTORY)


def empty(directory: Path) -> None:
    """Delete what a volume holds; the volume itself stays."""
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _present(directory: Path) -> list[str]:
    files = (path for path in directory.rglob("*") if not path.is_dir() or path.is_symlink())
    return [path.relative_to(directory).as_posix() for path in files]


def _placed(secrets: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{_SECRETS}/{name}": value for name, value in secrets.items()}


def _replace_changed(directory: Path, wanted: Mapping[str, bytes]) -> list[str]:
    """Write what differs; returns its names."""
    changed = [path for path, content in wanted.items() if _differs(directory / path, content)]
    for path in changed:
        _replace(directory / path, wanted[path])
    return changed


def _differs(path: Path, content: bytes) -> bool:
    return not path.is_file() or path.read_bytes() != content


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes its file with mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(name).replace(path)


def _tidy(directory: Path, owner: Owner) -> None:
    _remove_empty_folders(directory)
    _give(directory, owner)


def _remove_empty_folders(directory: Path) -> None:
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _give(directory: Path, owner: Owner) -> None:
    for path in (directory, *directory.rglob("*")):
        is_secret = _SECRETS in path.relative_to(directory).parts[:1]
        mode = (0o700 if is_secret else 0o755) if path.is_dir() else 0o600 if is_secret else 0o644
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)
        _chown(path, owner)


def _chown(path: Path, owner: Owner) -> None:
    found = path.lstat()
    if (found.st_uid, found.st_gid) != owner and os.geteuid() == 0:
        os.chown(path, *owner, follow_symlinks=False)
