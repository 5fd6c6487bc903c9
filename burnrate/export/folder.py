"""The folder that an export fills: what a former one left there goes."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from burnrate.export.errors import ExportError
from burnrate.replacing import replace_text

# Hidden, and without an ending that kubectl, Prometheus or Grafana would read.
_LIST: Final = ".burnrate-export"


def filled(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write the files, remove those of a former export, and return what has changed.

    Raises:
        ExportError: something is there that no export wrote.
        OSError: a file cannot be written.
    """
    former = _former(folder)
    strange = [name for name in files if name not in former and (folder / name).exists()]
    if strange:
        raise ExportError(f"{folder / strange[0]}: is there already, and no export wrote it")
    folder.mkdir(parents=True, exist_ok=True)
    # Each at once: on a full disk nobody loads half a file, and the list still says what is ours.
    _write_list(folder, {*former, *files})
    said = []
    for name, text in files.items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, text, 0o644)
        said.append(f"wrote {name}")
    for name in sorted(former - files.keys()):
        (folder / name).unlink(missing_ok=True)
        said.append(f"removed {name}")
    _write_list(folder, files)
    return said


def planned(folder: Path, files: Mapping[str, str]) -> dict[Path, str | None]:
    """Return what `filled` would leave there, by paths; None for what it would remove."""
    listed = "".join(f"{name}\n" for name in sorted(files))
    gone = sorted(_former(folder) - files.keys())
    removed = {folder / name: None for name in gone if (folder / name).exists()}
    return {folder / name: text for name, text in {**files, _LIST: listed}.items()} | removed


def _write_list(folder: Path, names: Iterable[str]) -> None:
    replace_text(folder / _LIST, "".join(f"{name}\n" for name in sorted(names)), 0o644)


def _former(folder: Path) -> set[str]:
    try:
        names = (folder / _LIST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return set()
    root = folder.resolve()
    # The list may have been changed: nothing outside the folder is touched.
    return {name for name in names if (root / name).resolve().is_relative_to(root)}
