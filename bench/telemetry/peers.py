"""The packages we are compared with: in a folder of their own, never in our environment."""

import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path(__file__).with_name("peers.txt")
_INSTALL_SECONDS: Final = 120.0


class PeersUnavailable(Exception):
    """The peers could not be installed; the message says why."""


def wanted(requirements: Path = REQUIREMENTS) -> dict[str, str]:
    """Return the pinned version of each peer by its name."""
    lines = requirements.read_text().splitlines()
    pins = (line.split()[0].partition("==") for line in lines if "==" in line)
    return {name: version for name, _, version in pins}


def installed(folder: Path) -> dict[str, str]:
    """Return what is in `folder`, with versions."""
    if not folder.is_dir():
        return {}
    return {
        each.name.lower().replace("_", "-"): each.version
        for each in distributions(path=[str(folder)])
    }


def provide(folder: Path, requirements: Path = REQUIREMENTS) -> Path:
    """Return `folder` with exactly the pinned peers in it, installing them if need be.

    They come without dependencies: those they share with us (Starlette, prometheus_client) are
    taken from our environment, so that all variants run on the same releases.

    Raises:
        PeersUnavailable: the package index cannot be reached, or there is no pip.
    """
    if installed(folder) != wanted(requirements):
        _install(folder, requirements)
    return folder


def _install(folder: Path, requirements: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    command = [
        *(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("install", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
        *("--retries", "1", "--target", str(folder), "--requirement", str(requirements)),
    ]
    try:
        result = subprocess.run(  # noqa: S603 - pip of this interpreter, a pinned list
            command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeersUnavailable(str(error)) from error
    if result.returncode or installed(folder) != wanted(requirements):
        errors = [
            line for line in result.stderr.splitlines() if "ERROR" in line or "No module" in line
        ]
        raise PeersUnavailable(errors[-1] if errors else "pip installed something else")
