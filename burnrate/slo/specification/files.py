"""Which files are specifications, and which stand beside one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from burnrate.file_tree import files_below
from burnrate.slo.errors import SpecError

_YAML: Final = (".yml", ".yaml")
_SETTINGS: Final = ".settings"
# A team's own way to count requests, which its short files name.
_SOURCE: Final = ".source"


def is_yaml(path: Path) -> bool:
    """Return whether a file is YAML by its name, in whatever case."""
    return path.suffix.lower() in _YAML


def settings_file(file: Path) -> Path:
    """Return the settings' file of a specification."""
    suffixes = (file.suffix, *_YAML, *map(str.upper, _YAML))
    made = [file.with_name(f"{file.stem}{_SETTINGS}{suffix}") for suffix in suffixes]
    return next((path for path in made if path.is_file()), made[0])


def own_sources(folder: Path) -> list[Path]:
    """Return a team's own sources that stand in a folder."""
    return sorted(
        each for each in folder.iterdir() if is_yaml(each) and each.stem.endswith(_SOURCE)
    )


def has_specifications(folder: Path) -> bool:
    """Return whether a folder, which need not be there, holds a specification.

    Raises:
        SpecError: it cannot be read.
    """
    return any(map(_is_specification, _found(folder))) if folder.is_dir() else False


def specification_files(path: Path) -> list[Path]:
    """Return the specifications that a file or a folder holds, in the order of their names.

    Raises:
        SpecError: there is none, settings have none, or something cannot be read.
    """
    if not path.is_dir():
        return [path]
    found = list(_found(path))
    files = list(filter(_is_specification, found))
    if not files:
        raise SpecError(path, "", "no specification (*.yml, *.yaml)")
    used = {settings_file(each) for each in files}
    for each in found:
        if each.stem.endswith(_SETTINGS) and each not in used:
            raise SpecError(each, "", "there is no specification for these settings")
    return files


def _is_specification(file: Path) -> bool:
    return not file.stem.endswith((_SETTINGS, _SOURCE))


def _found(folder: Path) -> Iterator[Path]:
    """Yield all files of YAML below a folder, in the order of their names."""
    try:
        for each in files_below(folder):
            # It may have been a folder of specifications.
            if not each.exists():
                raise SpecError(each, "", "is a link to nothing")
            if not is_yaml(each):
                continue
            # It would be waited for.
            if not each.is_file():
                raise SpecError(each, "", "is no file")
            yield each
    except OSError as error:
        raise SpecError(Path(error.filename or folder), "", str(error.strerror)) from error
