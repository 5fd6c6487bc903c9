"""A new repository: written as a whole, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from burnrate.pinned import PIN, RELEASED, installed_version, laid_together, pin_line
from burnrate.service import usual_service
from burnrate.team.errors import TeamError

_TEMPLATE: Final = Path(__file__).with_name("template")
# A wheel would leave out what this one names.
_NAMES: Final = {"gitignore": ".gitignore"}
_FOLDERS: Final = ("prometheus/slo", "prometheus/targets")


@dataclass(frozen=True)
class First:
    """The service that a repository begins with.

    Attributes:
        job: Its scrape job; None for its name.
        targets: `HOST:PORT` of its metrics.
        team: The label `team` of all its alerts.
    """

    name: str
    job: str | None = None
    targets: Sequence[str] = ()
    team: str | None = None


def founded(folder: Path, first: First | None) -> list[Path]:
    """Make a repository that pins the installed release, with the stack laid out in it.

    Args:
        folder: One that is empty, or not there yet.
        first: Its first service, if there is one already.

    Returns:
        The paths of its files.

    Raises:
        TeamError: the folder cannot be had. ServiceError, PinError: the service is refused.
    """
    target = folder.resolve()
    _check_free(target)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        files = _fill(made, first)
        made.chmod(0o777 & ~_umask())
        # Onto an empty folder as well, and at once.
        made.replace(target)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return files


def _check_free(folder: Path) -> None:
    if not folder.parent.is_dir():
        raise TeamError(f"{folder.parent} does not exist")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise TeamError(f"{folder} is there already, and no folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise TeamError(f"{folder} is not empty")


def _fill(folder: Path, first: First | None) -> list[Path]:
    for path in sorted(each for each in _TEMPLATE.rglob("*") if each.is_file()):
        below = path.relative_to(_TEMPLATE)
        place = folder / below.with_name(_NAMES.get(below.name, below.name))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True)
        (folder / name / ".gitkeep").touch()
    with (folder / PIN).open("a", encoding="utf-8") as file:
        file.write(pin_line(installed_version()))
    tree = laid_together(folder)
    if first is not None:
        files = usual_service(tree, first.name, first.job, first.targets, first.team)
        for path, text in files.items():
            (folder / path).write_text(text, encoding="utf-8")
            (folder / path).with_name(".gitkeep").unlink(missing_ok=True)
        laid_together(folder)
    hidden = RELEASED.parts[0]
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if path.parts[0] != hidden)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
