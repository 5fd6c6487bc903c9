"""The release that is installed: its version, and the files that the stack is made of."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final

import burnrate
from burnrate.configuration import NAME, shipped_settings
from burnrate.export import shipped_path
from burnrate.pinned.errors import PinError

# What it is called where packages are installed from.
PACKAGE: Final = "burnrate-stack"
# What docker-compose.yml names, and what the image is built from (api/Dockerfile).
_NAMES: Final = Path(__file__).with_name("shipped.txt").read_text(encoding="utf-8").split()
# In the installed package and not in its source: the files above.
_ONLY_INSTALLED: Final = "export/shipped/"
# At the root of the tree is a team's; the image that is built of it (api/Dockerfile) needs both.
_SETTINGS: Final = Path("burnrate") / NAME
_MADE: Final = frozenset({"__pycache__", "node_modules"})


def installed_version() -> str:
    """Return the version of the package that runs."""
    return version(PACKAGE)


def installed_root() -> Path:
    """Return the folder that the package is imported from: of a checkout, the checkout."""
    return Path(burnrate.__file__).parents[1]


def release_files() -> dict[Path, Path]:
    """Return where each file of the release lies, by its path in a checkout.

    Raises:
        PinError: the installation does not have them.
    """
    found: dict[Path, Path] = {}
    for name in _NAMES:
        source = shipped_path(name)
        if not source.exists():
            raise PinError(f"the installed release has no {name}: install it from its wheel")
        found |= {Path(name) / below: path for below, path in _below(source)}
    package = Path(burnrate.__file__).parent
    for below, path in _below(package):
        if not below.as_posix().startswith(_ONLY_INSTALLED):
            found[Path("burnrate") / below] = path
    return {**found, _SETTINGS: shipped_settings()}


def _below(source: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each file at or below a path, with its path from there."""
    if source.is_file():
        yield Path(), source
        return
    for path in sorted(source.rglob("*")):
        below = path.relative_to(source)
        if path.is_file() and not _MADE & {*below.parts}:
            yield below, path
