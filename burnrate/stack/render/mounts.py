"""What docker-compose.yml mounts into a part, as paths and files of this machine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from burnrate.stack.compose import Compose
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.render.paths import PathMap


@dataclass(frozen=True)
class Mounts:
    """The mounts of one part.

    Attributes:
        paths: Where each mounted path is here.
        files: Rendered file -> file of the tree.
        temporary_directories: What starts empty with each start of the part.
    """

    paths: PathMap
    files: Mapping[Path, Path]
    temporary_directories: tuple[Path, ...]


def find_mounts(
    layout: Layout, compose: Compose, part: str, replacements: Mapping[str, str]
) -> Mounts:
    """Return the mounts of a part.

    Secrets and data are used where they are; files of the tree, and what was made of them in
    `layout.config`, are rendered to `layout.etc`.

    Args:
        layout: Where things are.
        compose: The description of the stack.
        part: The service's name.
        replacements: File of the tree -> the one to take instead, both relative to the checkout.

    Raises:
        StackError: a file of the tree that is to be mounted does not exist.
    """
    paths = _secrets(layout, compose, part)
    folders: dict[str, Path] = {}
    files: dict[Path, Path] = {}
    for source, target in _bind_mounts(layout, compose, part):
        if not _is_rendered(source, layout):
            paths[target] = source
            continue
        place = partial(rendered_path, layout.etc / part, part)
        replaced = _replaced(source, layout, replacements)
        paths[target] = place(target)
        if replaced.is_file():
            folder = target.rpartition("/")[0]
            folders[folder] = place(folder)
        files |= {place(inside): file for file, inside in mounted_files(replaced, target)}
    temporary = _temporary_directories(layout, compose, part)
    return Mounts(PathMap({**paths, **temporary}, folders), files, tuple(temporary.values()))


def mounted_files(source: Path, target: str) -> Iterator[tuple[Path, str]]:
    """Yield each file of a mounted file or directory with its path in the container.

    Raises:
        StackError: there is no such file or directory.
    """
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file():
                yield path, f"{target}/{path.relative_to(source).as_posix()}"
    elif source.is_file():
        yield source, target
    else:
        raise StackError(f"docker-compose.yml mounts {source}, which does not exist")


def rendered_path(directory: Path, part: str, target: str) -> Path:
    """Return where under `directory` the file or directory of a container path is kept."""
    return directory / target.removeprefix(f"/etc/{part}/").lstrip("/")


def _secrets(layout: Layout, compose: Compose, part: str) -> dict[str, Path]:
    granted = compose.services[part].secrets
    return {each.path: layout.host_path(compose.secrets[each.source].file) for each in granted}


def _temporary_directories(layout: Layout, compose: Compose, part: str) -> dict[str, Path]:
    return {
        target: layout.run / part / target.strip("/").replace("/", "-")
        for target in compose.services[part].temporary_directories
    }


def _replaced(source: Path, layout: Layout, replacements: Mapping[str, str]) -> Path:
    if not source.is_relative_to(layout.checkout):
        return source
    relative = source.relative_to(layout.checkout).as_posix()
    return layout.checkout / replacements.get(relative, relative)


def _is_rendered(source: Path, layout: Layout) -> bool:
    if source.is_relative_to(layout.state):
        return source.is_relative_to(layout.config)
    return source.is_relative_to(layout.checkout)


def _bind_mounts(layout: Layout, compose: Compose, part: str) -> Iterator[tuple[Path, str]]:
    for mount in compose.services[part].volumes:
        if mount.type == "bind" and mount.source is not None:
            yield layout.host_path(mount.source), mount.target
