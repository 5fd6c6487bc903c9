"""A team's repository: what of the stack is the team's own, and the version that it pins."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from burnrate.configuration import NAME
from burnrate.file_tree import files_below
from burnrate.pinned.errors import PinError
from burnrate.pinned.release import PACKAGE, installed_version

PIN: Final = "requirements.txt"
# Where the release and the team's files are laid together, below the repository.
RELEASED: Final = Path(".burnrate/stack")
# What stands in a team's repository joins the release's files of the same folder, or takes the
# place of the one with the same path.
OWN: Final = (
    NAME,
    ".env",
    "alerting/alertmanager.yml",
    "alerting/runbooks",
    "grafana/dashboards",
    "prometheus/rules",
    "prometheus/slo",
    "prometheus/targets",
)
# As a version, or in the name of a wheel that is installed by its path or address.
_PINNED: Final = re.compile(
    r"^\s*burnrate[-_.]stack(?:\[[^\]]*\])?\s*"
    r"(?:==\s*(?P<version>[^\s;#\\]+)|@\s*\S*/burnrate_stack-(?P<wheel>[^-\s]+)-)"
    r"|^\s*\S*/?burnrate_stack-(?P<file>[^-\s/]+)-[^\s/]*\.whl",
    re.MULTILINE,
)


def is_repository(folder: Path) -> bool:
    """Return whether a folder is a team's repository, and not a checkout of Burnrate."""
    if (folder / "burnrate").is_dir() or not (folder / NAME).is_file():
        return False
    return _pinned(folder) is not None


def find_repository(start: Path) -> Path | None:
    """Return the team's repository around a folder."""
    return next((each for each in (start, *start.parents) if is_repository(each)), None)


def repository_of(checkout: Path) -> Path:
    """Return the repository whose files a checkout was laid together from; else the checkout."""
    folder = checkout.parents[len(RELEASED.parts) - 1] if len(checkout.parts) > 2 else checkout  # noqa: PLR2004
    return folder if folder / RELEASED == checkout else checkout


def check_pin(folder: Path) -> None:
    """Refuse to work on a repository with another release than the one that it pins.

    Raises:
        PinError: another one is installed.
    """
    pinned, installed = _pinned(folder), installed_version()
    if pinned != installed:
        raise PinError(
            f"{PIN} pins burnrate {pinned}, and {installed} is installed: pip install -r {PIN}"
        )


def pin_line(version: str) -> str:
    """Return the line of the pin: the command, and what the stack's own processes need."""
    return f"{PACKAGE}[cli,service]=={version}\n"


def own_files(folder: Path) -> Iterator[Path]:
    """Yield the paths of a repository's files that belong to the stack."""
    for name in OWN:
        path = folder / name
        if path.is_file():
            yield Path(name)
        for each in files_below(path) if path.is_dir() else ():
            # Whoever reads a link to nothing says so.
            if each.is_file() or each.is_symlink():
                yield each.relative_to(folder)


def _pinned(folder: Path) -> str | None:
    try:
        found = _PINNED.search((folder / PIN).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return next(filter(None, found.groups()), None) if found else None
