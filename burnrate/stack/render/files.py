"""Rendered files on disk, and the fingerprint that tells whether they changed."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from burnrate.stack.layout import make_directory

_SHOWN = 3


def shown(names: Sequence[str]) -> str:
    """Return the names of changed files as a piece of a line: the first ones, and how many more."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def write_files(directory: Path, files: Mapping[Path, bytes], mode: int = 0o755) -> None:
    """Make `directory` hold exactly `files`, readable by whoever its `mode` lets in.

    If it does already, nothing is touched: a running part keeps the very files it has open.
    """
    present = {path for path in directory.rglob("*") if path.is_file()}
    if present == set(files) and all(path.read_bytes() == files[path] for path in present):
        return
    shutil.rmtree(directory, ignore_errors=True)
    make_directory(directory, mode)
    for path, content in files.items():
        make_folders(path, directory)
        path.write_bytes(content)
        path.chmod(0o644)


def make_folders(path: Path, directory: Path) -> None:
    """Make the folders between `directory`, which alone may be closed to others, and a file."""
    for parent in [*reversed(path.relative_to(directory).parents)][1:]:
        make_directory(directory / parent, 0o755)


def digest(*pieces: bytes) -> str:
    """Return a fingerprint of `pieces`, 16 hexadecimal digits."""
    total = hashlib.sha256()
    for piece in pieces:
        total.update(hashlib.sha256(piece).digest())
    return total.hexdigest()[:16]
