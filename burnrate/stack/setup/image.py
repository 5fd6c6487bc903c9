"""Whether the image that runs was built from the checkout that it looks at."""

from collections.abc import Iterable
from pathlib import Path

import burnrate

# Where api/Dockerfile puts what is not of the package.
_IMAGE = Path("/srv/burnrate")
_FOLDERS = ("api", "alerting")


def is_image_of(checkout: Path, image: Path = _IMAGE) -> bool:
    """Return whether image and checkout hold the same Python; True where there is no image.

    Args:
        checkout: The checkout.
        image: Where the image has its code.
    """
    if not image.is_dir():
        return True
    package = Path(burnrate.__file__).parent
    pairs = [(checkout / "burnrate", package), *((checkout / n, image / n) for n in _FOLDERS)]
    return all(_sources(ours) == _sources(built) for ours, built in pairs)


def _sources(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): _text(path) for path in _python_files(folder)}


def _python_files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*.py") if path.is_file())


def _text(path: Path) -> bytes:
    # A clone on Windows may have other line ends than the image that was built elsewhere.
    return path.read_bytes().replace(b"\r\n", b"\n")
