"""Another release than the one that runs: found, and asked what it makes of a repository."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from burnrate.pinned import PACKAGE
from burnrate.team.errors import TeamError

_VERSION: Final = re.compile(r"\d+(\.\d+)+([a-z0-9.+-]*)?")
_OFFERED: Final = re.compile(r"\(from versions: ([^)]*)\)")
_SHOWN: Final = 5
# In each release of ours.
_ALWAYS_THERE: Final = Path("burnrate/telemetry/__init__.py")
# Its own code lays its own files out, in a process of its own.
_CODE: Final = """
import sys
from pathlib import Path
from burnrate.pinned import PinError, laid_out
try:
    laid_out(Path(sys.argv[1]), Path(sys.argv[2]))
except PinError as error:
    sys.exit(f"it refuses {error}")
"""


@contextmanager
def release(name: str) -> Iterator[Path]:
    """Return the folder to import another release from, for a block.

    Args:
        name: A version, the path of a wheel or of a checkout, or a checkout's `PATH@REVISION`.

    Raises:
        TeamError: there is none.
    """
    path, _, revision = name.rpartition("@")
    with TemporaryDirectory(prefix="burnrate-release-") as made:
        if name.endswith(".whl"):
            _unpack(Path(name), Path(made), name)
            yield Path(made)
        elif (Path(name) / "burnrate/__init__.py").is_file():
            yield Path(name).resolve()
        elif path and (Path(path) / ".git").exists():
            _check_out(Path(path), revision, Path(made))
            yield Path(made)
        elif _VERSION.fullmatch(name):
            _unpack(_downloaded(name, Path(made) / "wheel"), Path(made), f"{PACKAGE}=={name}")
            yield Path(made)
        else:
            raise TeamError(
                f"--to {name}: write a version, the path of a wheel or of a checkout, or PATH@TAG"
            )


def lay_out(code: Path, repository: Path, out: Path) -> None:
    """Have a release lay a repository's files out with its own.

    Raises:
        TeamError: it does not; the reason.
    """
    if not (code / "burnrate/pinned/__init__.py").is_file():
        raise TeamError("that release knows no repositories of teams: it is older than 0.2.0")
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(repository), str(out)],
        env={**os.environ, "PYTHONPATH": str(code), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return
    said = (done.stderr.strip().splitlines() or ["no word"])[-1]
    raise TeamError(f"that release lays nothing out: {said}")


def shipped(code: Path, name: str) -> str | None:
    """Return the text of one of its files, which a wheel has beside the code."""
    names = (f"burnrate/export/shipped/{name}", f"burnrate/{name}", name)
    found = next((code / each for each in names if (code / each).is_file()), None)
    return None if found is None else found.read_text(encoding="utf-8", errors="replace")


def _unpack(wheel: Path, folder: Path, name: str) -> None:
    try:
        shutil.unpack_archive(wheel, folder, "zip")
    except (OSError, zipfile.BadZipFile, shutil.ReadError) as error:
        raise TeamError(f"{name}: cannot be read as a wheel") from error
    # Another project has had the name burnrate on a public index: of a stranger's code none is run.
    if not (folder / _ALWAYS_THERE).is_file():
        raise TeamError(f"{name}: is no wheel of this burnrate, nothing of it was run")


def _check_out(checkout: Path, revision: str, folder: Path) -> None:
    """Unpack what a commit holds; the checkout stays as it is."""
    if revision.startswith("-"):
        raise TeamError(f"{revision}: is no revision")
    archive = folder / "archive.tar"
    command = ["git", "-C", str(checkout), "archive", "--output", str(archive), revision]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TeamError(f"{checkout}@{revision}: {done.stderr.strip().splitlines()[-1]}")
    shutil.unpack_archive(archive, folder, filter="data")
    archive.unlink()


def _downloaded(version: str, folder: Path) -> Path:
    folder.mkdir()
    wanted = f"{PACKAGE}=={version}"
    by_hand = f"pip download --no-deps {wanted}, then --to with the wheel's path"
    if find_spec("pip") is None:
        raise TeamError(f"{wanted}: there is no pip here: {by_hand}")
    # At the second try it says why it could not be reached.
    options = ["--quiet", "--disable-pip-version-check", "--retries=1", "--no-deps"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", *options),
            *("--only-binary=:all:", "--dest", str(folder), wanted),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        raise TeamError(f"{wanted}: {_why(done.stderr)}")
    return wheels[0]


def _why(said: str) -> str:
    """Return in one line what pip says in several."""
    if "DO NOT MATCH THE HASHES" in said:
        return "what the package index sent has another hash than it says: nothing of it is used"
    if "connection broken" in said:
        return "the package index that pip is set to does not answer"
    if found := _OFFERED.search(said):
        offered = found[1].split(", ")
        if offered == ["none"]:
            return "the package index that pip is set to has no wheel of it"
        return f"the package index has {', '.join(offered[-_SHOWN:])}"
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")]
    return errors[-1].removeprefix("ERROR: ") if errors else "nothing was found"
