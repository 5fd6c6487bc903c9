"""Where this machine has the programs of the parts."""

import os
import re
import shutil
import sys
from pathlib import Path

_SYSTEM_DIRECTORIES = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
_GRAFANA_PACKAGE_HOME = Path("/usr/share/grafana")
# Upstream's names of programs that Debian prefixes.
_OTHER_NAMES = {
    "prometheus-alertmanager": "alertmanager",
    "prometheus-postgres-exporter": "postgres_exporter",
    "prometheus-redis-exporter": "redis_exporter",
    "prometheus-nginx-exporter": "nginx-prometheus-exporter",
    "prometheus-node-exporter": "node_exporter",
}


def search_path() -> str:
    """Return the PATH with the directories of daemons, which a user's PATH often lacks."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_DIRECTORIES))


def find_system_program(name: str) -> Path | None:
    """Return the program called `name`, by its Debian name or upstream's."""
    for spelling in (name, _OTHER_NAMES.get(name)):
        if spelling and (found := shutil.which(spelling, path=search_path())):
            return Path(found)
    return None


def find_python_program(name: str) -> Path | None:
    """Return a program of this virtual environment."""
    path = Path(sys.prefix) / "bin" / name
    return path if os.access(path, os.X_OK) else None


def find_postgres_program(name: str, version: str | None = None) -> Path | None:
    """Return a program of PostgreSQL: of `version` if that is installed, else of the newest.

    Debian keeps servers of several versions side by side, none of them on the PATH.
    """
    directories = [path.parent for path in _DEBIAN_POSTGRES.glob(f"*/bin/{name}")]
    matching = [path for path in directories if path.parent.name == version]
    if chosen := matching or directories:
        return max(chosen, key=_version) / name
    return find_system_program(name)


def grafana_home(program: Path) -> Path:
    """Return the folder with Grafana's pages: around the program, else where its package has it."""
    around = program.resolve().parent.parent
    return around if (around / "conf/defaults.ini").is_file() else _GRAFANA_PACKAGE_HOME


def _version(directory: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", directory.parent.name)]
