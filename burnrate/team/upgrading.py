"""An upgrade, before it is made: what both releases make of a team's files."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from burnrate.configuration import NAME
from burnrate.pinned import check_pin, installed_root, laid_out, own_files
from burnrate.team.difference import Difference, difference
from burnrate.team.made import Made, read_made
from burnrate.team.versions import lay_out, release, shipped

_NO_SETTINGS: Final = "{}"


@dataclass(frozen=True)
class Planned:
    """What an upgrade changes.

    Attributes:
        replaced: Files of the team's in whose place the release has something new.
    """

    found: Difference
    replaced: tuple[str, ...]


def planned(repository: Path, to: str) -> Planned:
    """Compare the pinned release, which is installed, with another one.

    Nothing of the repository is changed.

    Args:
        repository: A team's.
        to: As `release` takes it.

    Raises:
        TeamError: there is no such release, or it refuses a file. PinError: the installed release
            does, or is not the pinned one.
    """
    check_pin(repository)
    with release(to) as code, TemporaryDirectory(prefix="burnrate-plan-") as name:
        before, after = Path(name) / "before", Path(name) / "after"
        laid_out(repository, before)
        lay_out(code, repository, after)
        root = installed_root()
        found = difference(_made(before, root), _made(after, code))
        own = (path.as_posix() for path in own_files(repository) if path.as_posix() != NAME)
        replaced = tuple(path for path in own if _differs(path, root, code))
    return Planned(found, replaced)


def _made(tree: Path, code: Path) -> Made:
    return read_made(tree, shipped(code, NAME) or _NO_SETTINGS)


def _differs(path: str, old: Path, new: Path) -> bool:
    before, after = shipped(old, path), shipped(new, path)
    return before is not None and before != after
