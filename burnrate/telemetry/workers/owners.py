"""Whose a metric file is: a process that lives, or one whose number another has by now."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Final

# The field of /proc/<pid>/stat with the time at which a process began, in ticks since the boot:
# no change of the wall clock moves it. Counted behind the name, which may hold spaces.
_BEGIN_FIELD: Final = 19
# What fits the four bytes that are free in a file's header.
_MASK: Final = 0x7FFFFFFF
UNKNOWN: Final = 0


def token_of(pid: int) -> int:
    """Return what tells a process from an earlier one with its number; `UNKNOWN` without /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return UNKNOWN
    return int(stat.rpartition(b")")[2].split()[_BEGIN_FIELD]) & _MASK


def own_token() -> int:
    """Return this process's token."""
    return _token_of_living(os.getpid())


@lru_cache(maxsize=1)
def _token_of_living(pid: int) -> int:
    return token_of(pid)


def is_alive(pid: int, token: int = UNKNOWN) -> bool:
    """Say whether a process still lives, whoever owns it.

    Args:
        pid: Its number.
        token: What it left in its file; `UNKNOWN` for a file of the client library's own.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return token == UNKNOWN or token_of(pid) in (token, UNKNOWN)
