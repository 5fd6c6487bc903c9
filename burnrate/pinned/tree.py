"""The release and a team's files, laid together."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from burnrate.configuration import ConfigurationError, load_configuration
from burnrate.pinned.errors import PinError
from burnrate.pinned.release import release_files
from burnrate.pinned.repository import RELEASED, check_pin, own_files, repository_of
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree, generated
from burnrate.slo.specification import load_all

# Beside the tree: what it was laid together from.
_DIGEST: Final = "stack.digest"
_ENV: Final = Path(".env")
# What the one-shot service sees, from the tree: the secrets are not in that.
_MOUNTED: Final = f"\nBURNRATE_REPOSITORY={'/'.join('..' for _ in RELEASED.parts)}\n".encode()
_KEEP: Final = "__pycache__"
Files = Mapping[Path, bytes]


def laid_together(repository: Path) -> Path:
    """Bring the tree of a repository up to date, and return it.

    Raises:
        PinError: another release is installed than the one that is pinned, or a file of the team's
            is wrong; the tree is as it was.
        OSError: a file cannot be read or written.
    """
    check_pin(repository)
    tree = repository / RELEASED
    digest = tree.with_name(_DIGEST)
    files = _files(repository)
    wanted = _digest(files)
    if _is_laid(tree, digest, wanted):
        return tree
    with tempfile.TemporaryDirectory(prefix="burnrate-stack-") as name:
        made = _complete(files, Path(name))
    tree.parent.mkdir(mode=0o755, exist_ok=True)
    with _alone(tree.parent):
        if not _is_laid(tree, digest, wanted):
            digest.unlink(missing_ok=True)
            _mirror(made, tree)
            digest.write_text(wanted, encoding="utf-8")
    return tree


def laid_out(repository: Path, out: Path) -> None:
    """Lay a repository's files and the installed release together in a new folder.

    The pin is not looked at: it is how another release is tried.

    Raises:
        PinError: a file of the team's is wrong.
    """
    files = _files(repository)
    with tempfile.TemporaryDirectory(prefix="burnrate-stack-") as name:
        _mirror(_complete(files, Path(name)), out)


def homes(checkout: Path, path: Path) -> list[Path]:
    """Return where a file belongs that a command writes: the tree, and the team's repository."""
    repository = repository_of(checkout)
    folders = {Path("prometheus/slo"), Path("prometheus/targets")}
    is_own = repository != checkout and path.parent in folders
    return [checkout / path, *([repository / path] if is_own else [])]


def _is_laid(tree: Path, digest: Path, wanted: str) -> bool:
    return tree.is_dir() and digest.is_file() and digest.read_text(encoding="utf-8") == wanted


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other command lays files together in a folder, for a block."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _files(repository: Path) -> dict[Path, bytes]:
    found = {path: source.read_bytes() for path, source in release_files().items()}
    found |= {path: (repository / path).read_bytes() for path in own_files(repository)}
    # Compose reads it for what it includes.
    return {**found, _ENV: found.get(_ENV, b"") + _MOUNTED}


def _digest(files: Files) -> str:
    found = hashlib.sha256()
    for path in sorted(files):
        found.update(f"{path}\0{len(files[path])}\0".encode())
        found.update(files[path])
    return found.hexdigest()


def _complete(files: Files, scratch: Path) -> dict[Path, bytes]:
    """Return files with what Prometheus, Loki and Alertmanager load of the specifications."""
    _mirror({path: text for path, text in files.items() if _is_read(path)}, scratch)
    tree = Tree(scratch)
    try:
        configuration = load_configuration(scratch)
        services = load_all(tree.specs, configuration)
        made = generated(tree, services, configuration, has_tests=False)
    except (ConfigurationError, SpecError) as error:
        raise PinError(str(error).replace(f"{scratch}/", "")) from error
    texts = {path.relative_to(scratch): text for path, text in made.items()}
    # None: its source is gone.
    gone = {path for path, text in texts.items() if text is None}
    there = {path: text.encode() for path, text in texts.items() if text is not None}
    return {path: text for path, text in {**files, **there}.items() if path not in gone}


def _is_read(path: Path) -> bool:
    return path.parts[0] in {"prometheus", "loki", "burnrate.yml"} or path.name == (
        "alertmanager.yml"
    )


def _mirror(files: Files, folder: Path) -> None:
    """Make a folder hold these files and no others; each is replaced at once."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    (folder / "prometheus/targets").mkdir(parents=True, exist_ok=True)
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        below = path.relative_to(folder)
        if below not in files and _KEEP not in below.parts:
            path.unlink()
    for path, text in files.items():
        place = folder / path
        if place.is_file() and place.read_bytes() == text:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.new")
        beside.write_bytes(text)
        # Whatever the umask: parts with users of their own read it. Settings may hold addresses
        # that are secret.
        beside.chmod(0o600 if path.name == ".env" else 0o644)
        shutil.move(beside, place)
