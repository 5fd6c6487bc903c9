"""The programs that Debian does not have: stand-ins are made of those on this machine's PATH."""

import shutil
from collections.abc import Iterable
from pathlib import Path

# Loki and Tempo stand on nothing, so they must be static, as released ones are.
_NOT_IN_DEBIAN = frozenset({"alloy", "grafana", "loki", "tempo"})
_GRAFANA_PACKAGE_HOME = Path("/usr/share/grafana")


def can_stand_in(name: str) -> bool:
    """Tell whether a stand-in can be made of what Debian or this machine has."""
    return name not in _NOT_IN_DEBIAN or _source(name) is not None


def copy_programs(names: Iterable[str], folder: Path) -> None:
    """Copy those that are not in Debian into a folder: a program, or Grafana's whole home."""
    for name in _NOT_IN_DEBIAN.intersection(names):
        source = _source(name)
        assert source is not None
        folder.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy2(source, folder / name)


def _source(name: str) -> Path | None:
    program = shutil.which(name)
    if program is None:
        return None
    return _grafana_home(Path(program)) if name == "grafana" else Path(program)


def _grafana_home(program: Path) -> Path | None:
    """Return the folder that has Grafana's program and pages; what is on the PATH may call it."""
    around = program.resolve().parent.parent
    for home in (around, around / "grafana", _GRAFANA_PACKAGE_HOME):
        if (home / "conf/defaults.ini").is_file() and (home / "bin/grafana").is_file():
            return home
    return None
