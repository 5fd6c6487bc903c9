"""What docker-compose.yml mounts into a part, as paths of this machine."""

from dataclasses import dataclass
from pathlib import Path

from burnrate.stack.compose import CONFIGURATION, SECRETS, Compose, Service
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.render.paths import PathMap


@dataclass(frozen=True)
class Mounts:
    """The mounts of one part.

    Attributes:
        paths: Where each mounted path is here.
        temporary_directories: What starts empty with each start of the part.
        stored: The folders that it writes to and that stay.
    """

    paths: PathMap
    temporary_directories: tuple[Path, ...]
    stored: tuple[Path, ...]


def find_mounts(layout: Layout, compose: Compose, part: str, secrets: Path | None = None) -> Mounts:
    """Return the mounts of a part: its rendered files, its secrets, and what it stores.

    Args:
        layout: Where the stack is.
        compose: What is mounted.
        part: Its name.
        secrets: The folder of its secrets; None for the one of all.

    Raises:
        StackError: it mounts something of this machine, which no process gets that way.
    """
    service = compose.services[part]
    paths = {CONFIGURATION: layout.etc / part}
    found = secrets or layout.secrets
    paths |= {f"{SECRETS}/{name}": found / name for name in service.secrets}
    paths |= _stored(layout, part, service)
    temporary = {
        target: layout.run / part / target.strip("/").replace("/", "-")
        for target in service.temporary_directories
    }
    written = (str(mount.source) for mount in service.volumes if mount.is_stored)
    return Mounts(
        PathMap({**paths, **temporary}),
        tuple(temporary.values()),
        tuple(layout.data_folder(volume) for volume in written),
    )


def _stored(layout: Layout, part: str, service: Service) -> dict[str, Path]:
    stored = {}
    for mount in service.volumes:
        if mount.type == "bind":
            raise StackError(
                f"docker-compose.yml: {part}: {mount.source} is mounted: a process gets files of "
                "the checkout by x-files, and a folder of its own by a named volume"
            )
        if mount.type == "volume" and mount.source and not mount.source.endswith("-config"):
            stored[mount.target] = layout.data_folder(mount.source)
    return stored
