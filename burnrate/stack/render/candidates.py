"""A candidate: a part's files written beside those in use, and put in their place or not.

Whole folders, so that a path relative to the configuration file means the same in both places.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from burnrate.stack.layout import make_directory
from burnrate.stack.render.files import make_folders

NEXT = "next"
_PREVIOUS = "previous"
# Secrets are no candidates: nothing but their use can tell whether they are right.
_APART = (NEXT, _PREVIOUS, "secrets")


def write_candidate(directory: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write `files` as the candidate of the folder `directory`.

    Returns:
        The names of those that differ from what is in use, or are gone.
    """
    clear_candidate(directory)
    make_directory(directory / NEXT, 0o755)
    for name, content in files.items():
        path = directory / NEXT / name
        make_folders(path, directory)
        path.write_bytes(content)
        path.chmod(0o644)
    present = set(_names(directory))
    changed = {n for n in files if n not in present or not _is_same(directory, NEXT, n)}
    return sorted(changed | (present - set(files)))


def take_candidate(directory: Path) -> None:
    """Put the candidate in place; a reader sees a file's old content or its new one."""
    if not (directory / NEXT).is_dir():
        return
    make_directory(directory / _PREVIOUS, 0o755)
    for name in _names(directory):
        kept = directory / _PREVIOUS / name
        make_folders(kept, directory)
        kept.hardlink_to(directory / name)
    _become(directory, NEXT)


def put_back(directory: Path) -> None:
    """Put what the candidate took the place of where it was."""
    if (directory / _PREVIOUS).is_dir():
        _become(directory, _PREVIOUS)


def clear_candidate(directory: Path) -> None:
    """Forget a candidate and what it replaced."""
    for name in (NEXT, _PREVIOUS):
        shutil.rmtree(directory / name, ignore_errors=True)


def _become(directory: Path, source: str) -> None:
    wanted = set(_names(directory / source))
    for name in set(_names(directory)) - wanted:
        (directory / name).unlink()
    for name in wanted:
        # A running part keeps the very files it has open, if they are the same.
        if not (directory / name).is_file() or not _is_same(directory, source, name):
            make_folders(directory / name, directory)
            (directory / source / name).replace(directory / name)
    shutil.rmtree(directory / source)


def _names(directory: Path) -> Iterator[str]:
    for path in sorted(directory.rglob("*")):
        relative = path.relative_to(directory)
        if not path.is_dir() and relative.parts[0] not in _APART:
            yield relative.as_posix()


def _is_same(directory: Path, source: str, name: str) -> bool:
    return (directory / source / name).read_bytes() == (directory / name).read_bytes()
