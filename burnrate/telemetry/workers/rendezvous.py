"""A folder that the workers of one server find by themselves, where nobody has given them one.

`uvicorn --workers`, `fastapi run --workers`, hypercorn and granian start processes that know
nothing of each other but their parent. So the folder's name says whose children it is for, and it
is theirs as long as that parent lives.
"""

import multiprocessing
import os
import re
import shutil
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Final

from burnrate.telemetry.workers.owners import is_alive, token_of

_NAME: Final = re.compile(r"burnrate-workers-\d+-(\d+)-(\d+)-[0-9a-f]+")


def server_pid() -> int | None:
    """Return the process whose children serve, None where this one serves alone.

    A single child is right, too: it is then alone in its folder. gunicorn's master is itself the
    one that is asked for where it loads the application before it forks.
    """
    parent = os.getppid()
    if multiprocessing.parent_process() is not None or _is_gunicorn(parent):
        return parent
    if "gunicorn.app.base" in sys.modules:  # a program of its own that starts gunicorn
        return parent if _command_of(parent) == _command_of(os.getpid()) else os.getpid()
    return None


def _is_gunicorn(pid: int) -> bool:
    # Its title is "gunicorn: master [...]" where setproctitle is installed.
    return any(word.rpartition(b"/")[2].split(b":")[0] == b"gunicorn" for word in _command_of(pid))


def _command_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def common_folder(parent: int, service: str) -> Path:
    """Return the folder of a process' children, made by whoever of them comes first.

    Those of parents that are gone are removed.

    Args:
        parent: That process, from `server_pid`.
        service: Children that serve something else have another folder.

    Raises:
        OSError: There is no place for it, or somebody else's folder is there.
    """
    place = Path(tempfile.gettempdir())
    _remove_abandoned(place)
    name = sha256(service.encode()).hexdigest()[:8]
    folder = place / f"burnrate-workers-{os.geteuid()}-{parent}-{token_of(parent)}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} is not ours")
    return folder


def _remove_abandoned(place: Path) -> None:
    for path in place.glob(f"burnrate-workers-{os.geteuid()}-*"):
        match = _NAME.fullmatch(path.name)
        if match and not is_alive(int(match[1]), int(match[2])):
            shutil.rmtree(path, ignore_errors=True)
