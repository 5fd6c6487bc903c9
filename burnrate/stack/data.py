"""The stack's data: whose it is, and its end."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from burnrate.stack.compose import Compose
from burnrate.stack.layout import Layout
from burnrate.stack.stack_record import Mode

# Containers and packages have different versions of PostgreSQL, Prometheus and the rest, and the
# older ones cannot read what the newer ones wrote: data stays with the mode that made it.
_MARKER = ".mode"


def data_mode(layout: Layout) -> Mode | None:
    """Return the mode that made the data, or None if there is no data."""
    if not layout.data.is_dir() or not any(map(_holds_something, layout.data.iterdir())):
        return None
    marker = layout.data / _MARKER
    text = marker.read_text(encoding="ascii").strip() if marker.exists() else ""
    # Processes always say so; containers that a plain `docker compose up` started did not.
    return "processes" if text == "processes" else "containers"


def record_data_mode(layout: Layout, mode: Mode) -> None:
    """Write down which mode's data it is."""
    (layout.data / _MARKER).write_text(f"{mode}\n", encoding="ascii")


def data_directories(layout: Layout, compose: Compose) -> list[Path]:
    """Return each part's data folder: what stands for its named volume."""
    return sorted({layout.data_folder(volume) for volume in compose.data_volumes})


def wipe(layout: Layout, directories: Iterable[Path]) -> None:
    """Delete `directories`, which hold what the parts stored, and what they printed.

    Secrets stay.
    """
    for directory in directories:
        if directory.is_dir():
            shutil.rmtree(directory)
    if layout.logs.is_dir():
        for file in layout.logs.iterdir():
            file.unlink()
    (layout.data / _MARKER).unlink(missing_ok=True)


def _holds_something(path: Path) -> bool:
    try:
        return path.is_dir() and any(path.iterdir())
    except PermissionError:
        # Another user's folder, and so not one that was just made.
        return True
