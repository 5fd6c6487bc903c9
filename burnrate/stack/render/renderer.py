"""Configuration files as plain processes need them: this machine's addresses and paths."""

import hashlib
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import yaml

from burnrate.stack.addresses import AddressMap, container_addresses
from burnrate.stack.errors import StackError
from burnrate.stack.layout import make_directory

# Not inside a longer path or a URL; `file:///a` is the path /a.
_BEGIN = r"(?:(?<![\w./}\])~-])|(?<=file://))"
# A name that only begins alike is another name.
_END = r"(?![\w-]|\.\w)"
_ABSOLUTE_PATH = re.compile(rf"{_BEGIN}/[\w.@+-][\w.@+/-]*")
# What the system brings, in a container as here; everything else a part needs is mounted.
_SYSTEM_DIRECTORIES = ("/bin", "/dev", "/etc/ssl", "/lib", "/proc", "/sbin", "/sys", "/usr")


@dataclass(frozen=True)
class PathMap:
    """Container path -> path on this machine, for one part.

    `folders` hold mounted files and are not mounted themselves, such as /etc/alloy.d: only where
    one is named as a whole, since what else the image has in it is not here.
    """

    paths: Mapping[str, Path]
    folders: Mapping[str, Path] = field(default_factory=dict)

    def translate(self, text: str) -> str:
        """Return `text` with each mapped path, and what is below it, where it is here."""
        places = {**self.folders, **self.paths}
        if not places:
            return text
        mounted, folders = _alternatives(self.paths), _alternatives(self.folders)
        expression = rf"{_BEGIN}(?:({mounted}){_END}|({folders}){_END}(?!/[\w.]))"
        return re.sub(expression, lambda match: str(places[match[1] or match[2]]), text)

    def unexplained(self, text: str) -> list[str]:
        """Return the absolute paths in `text` that are neither mounted nor the system's."""
        found = (match[0] for match in _ABSOLUTE_PATH.finditer(text))
        return [path for path in found if not self._explains(path)]

    def _explains(self, path: str) -> bool:
        above = {path.rstrip("/"), *map(str, PurePosixPath(path).parents)}
        known = above.intersection((*self.paths, *_SYSTEM_DIRECTORIES))
        return bool(known) or path.rstrip("/") in self.folders


def _alternatives(targets: Collection[str]) -> str:
    # The longest first, so that a file mounted inside a mounted directory wins.
    longest_first = sorted(targets, key=len, reverse=True)
    return "|".join(re.escape(target) for target in longest_first) or "(?!)"


@dataclass(frozen=True)
class Renderer:
    """Translates everything that belongs to one part."""

    part: str
    addresses: AddressMap
    paths: PathMap
    absent: Collection[str] = ()  # parts that do not run here

    def text(self, text: str) -> str:
        """Translate an argument or a variable's value; raises StackError for a foreign path."""
        if unexplained := self.paths.unexplained(text):
            raise StackError(
                f"docker-compose.yml: {self.part}: nothing is mounted at {unexplained[0]}, which "
                f"{text!r} names: as a process it would be this machine's own"
            )
        # Addresses first: a path of this machine must come through as it is.
        return self.paths.translate(self.addresses.translate(text, self.part))

    def file(self, source: Path) -> bytes:
        """Return a file's content, translated if it is text."""
        content = source.read_bytes()
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return content
        if source.name == "prometheus.yml" and self.absent:
            text = without_targets(text, self.absent)
        text = self.addresses.translate_file(text, self.part)
        if left := container_addresses(text):
            raise StackError(
                f"{source}: {left[0]} is a container's address without one on this machine "
                "(burnrate/stack/addresses.py has the table)"
            )
        return self.paths.translate(text).encode()


def without_targets(text: str, absent: Collection[str]) -> str:
    """Return a Prometheus configuration without the scrape targets of `absent` parts.

    They cannot be up here, and an alert that a part is down must mean that it should be up.
    """
    document = yaml.safe_load(text)
    jobs = []
    for job in document.get("scrape_configs", []):
        groups = []
        for group in job.get("static_configs", []):
            kept = [t for t in group["targets"] if str(t).partition(":")[0] not in absent]
            if kept:
                groups.append({**group, "targets": kept})
        if groups or "static_configs" not in job:
            jobs.append({**job, "static_configs": groups} if groups else job)
    return yaml.safe_dump({**document, "scrape_configs": jobs}, sort_keys=False)


def mounted_files(source: Path, target: str) -> Iterator[tuple[Path, str]]:
    """Yield each file of a mounted file or directory with its path in the container."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file():
                yield path, f"{target}/{path.relative_to(source).as_posix()}"
    elif source.is_file():
        yield source, target
    else:
        raise StackError(f"docker-compose.yml mounts {source}, which does not exist")


def place(directory: Path, part: str, target: str) -> Path:
    """Return where under `directory` the file or directory of a container path is kept."""
    return directory / target.removeprefix(f"/etc/{part}/").lstrip("/")


def write_files(directory: Path, files: Mapping[Path, bytes]) -> None:
    """Make `directory` hold exactly `files`, readable by every part's user."""
    present = {path for path in directory.rglob("*") if path.is_file()}
    if present == set(files) and all(path.read_bytes() == files[path] for path in present):
        return
    shutil.rmtree(directory, ignore_errors=True)
    make_directory(directory, 0o755)
    for path, content in files.items():
        for parent in reversed(path.relative_to(directory).parents):
            make_directory(directory / parent, 0o755)
        path.write_bytes(content)
        path.chmod(0o644)


def digest(*pieces: bytes) -> str:
    """Return a short fingerprint of `pieces`, to tell whether a part's configuration changed."""
    total = hashlib.sha256()
    for piece in pieces:
        total.update(hashlib.sha256(piece).digest())
    return total.hexdigest()[:16]
