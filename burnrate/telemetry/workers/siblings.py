"""Finds out whether other processes answer at the same port: a scrape then shows one of several."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

# The state of a listening socket, and the columns of state and inode, in /proc/net/tcp.
_LISTENING: Final = "0A"
_STATE: Final = 3
_INODE: Final = 9


def share_a_port() -> bool:
    """Say whether a sibling of this process accepts connections on a socket of ours.

    Only on Linux; elsewhere nothing is known, so False.
    """
    own = _sockets(os.getpid())
    shared = {each for pid in _siblings() for each in own & _sockets(pid)}
    # The kernel's tables come last: they have a line for each connection of the machine.
    return bool(shared) and not shared.isdisjoint(_listening())


def _listening() -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                columns = line.split()
                if columns[_STATE] == _LISTENING:
                    inodes.add(f"socket:[{columns[_INODE]}]")
    return inodes


def _sockets(pid: int) -> set[str]:
    found = set()
    with suppress(OSError):
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = str(path.readlink())
                if target.startswith("socket:"):
                    found.add(target)
    return found


def _siblings() -> Iterator[int]:
    parent = os.getppid()
    with suppress(OSError):
        for task in Path(f"/proc/{parent}/task").iterdir():
            for pid in (task / "children").read_text().split():
                if int(pid) != os.getpid():
                    yield int(pid)
