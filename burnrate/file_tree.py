"""The files below a folder, those behind links too."""

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: Path) -> list[Path]:
    """Return what is below a folder and no folder itself, in order; hidden ones are left out.

    Links are followed, and a folder to which several lead is walked through once. A link that leads
    nowhere is returned as well, and so is a socket or a pipe: whoever reads it says so.

    Raises:
        OSError: a folder cannot be read.
    """
    return sorted(_walk(folder))


def _walk(folder: Path) -> Iterator[Path]:
    walked = {os.path.realpath(folder)}
    for place, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        inner = {each: os.path.realpath(Path(place, each)) for each in sorted(_shown(folders))}
        folders[:] = []
        for name, real in inner.items():
            if real not in walked:
                walked.add(real)
                folders.append(name)
        yield from (Path(place, name) for name in _shown(names))


def _shown(names: list[str]) -> Iterator[str]:
    return (name for name in names if not name.startswith("."))


def _raise(error: OSError) -> None:
    raise error
