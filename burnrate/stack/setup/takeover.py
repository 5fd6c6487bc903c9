"""What a version before named volumes left in the checkout: secrets and data of its containers."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from burnrate.stack.data import data_mode
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.secrets import GENERATED
from burnrate.stack.setup.volumes import empty

# In the volume of the secrets while data is copied; there at a start, the copy before was cut off.
_UNFINISHED = ".taking-over"


def take_over_secrets(old: Path, new: Path, names: Iterable[str]) -> None:
    """Copy secrets of the checkout's state: its own if there is none yet, a person's always.

    Args:
        old: The folder in the checkout, if there is one.
        new: The volume's.
        names: The secrets that are needed.
    """
    for name in names:
        source, target = old / name, new / name
        if source.is_file() and (name not in GENERATED or not target.exists()):
            target.write_bytes(source.read_bytes())
            target.chmod(0o600)


def take_over_data(
    layout: Layout, secrets: Path, volumes: Mapping[Path, Path], say: Callable[[str], None]
) -> None:
    """Copy what earlier containers stored in the checkout into volumes that hold nothing yet.

    Args:
        layout: The checkout's.
        secrets: The volume that remembers a copy that was cut off.
        volumes: Old folder -> volume.
        say: Takes a line for people.

    Raises:
        StackError: PostgreSQL still uses its old folder.
    """
    unfinished = secrets / _UNFINISHED
    if any(any(volume.iterdir()) for volume in volumes.values()) and not unfinished.exists():
        return
    mode = data_mode(layout)
    if mode == "processes":
        say(f"{layout.data} is of plain processes, which containers do not use")
    if mode != "containers":
        return
    _refuse_while_used(layout)
    unfinished.touch()
    for old, volume in volumes.items():
        empty(volume)
        if old.is_dir():
            say(f"copying {old} into the volume {volume.name}")
            shutil.copytree(old, volume, symlinks=True, dirs_exist_ok=True)
    unfinished.unlink()
    say(f"{layout.data} is copied into volumes: it is not used any more and can be deleted")


def _refuse_while_used(layout: Layout) -> None:
    lock = layout.data / "postgres/pgdata/postmaster.pid"
    if lock.exists():
        raise StackError(
            f"{layout.data} is of an earlier version, whose PostgreSQL is not stopped: "
            f"docker compose down, then up again (or delete {lock.name} there if it crashed)"
        )
