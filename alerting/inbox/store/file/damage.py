"""A store whose file is damaged: what tells it, and how it gets out of the way of deliveries."""

import contextlib
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Final

from alerting.inbox.errors import StoreDamagedError

# The primary codes, below the bits that say more: https://www.sqlite.org/rescode.html
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY: Final = 0xFF
# What SQLite keeps beside a file belongs to it.
_BESIDE: Final = ("", "-wal", "-shm")
_INFIX: Final = ".damaged-"


def is_damage(error: BaseException) -> bool:
    """Whether an error says that the file itself is wrong, not that it cannot be used now."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY in _DAMAGE


def check(connection: sqlite3.Connection) -> None:
    """Read the whole file, which takes about a second for 200 MB.

    Raises:
        StoreDamagedError: it is damaged; the message is SQLite's first finding.
    """
    (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise StoreDamagedError(" ".join(str(finding).split()))


def is_sound(path: Path) -> bool:
    """Whether a file, opened anew, is a database in order; also if it cannot be opened now."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        with contextlib.closing(connection):
            check(connection)
    except StoreDamagedError:
        return False
    except sqlite3.Error as error:
        return not is_damage(error)
    return True


def set_aside(path: Path, at: datetime) -> Path:
    """Rename a file and what SQLite keeps beside it; returns the new name.

    Args:
        path: The file; nobody has it open.
        at: Goes into the name.

    Raises:
        OSError: it stays where it is.
    """
    stem = f"{path.name}{_INFIX}{at:%Y%m%dT%H%M%SZ}"
    aside = path.with_name(stem)
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{stem}-{number}")
    for suffix in _BESIDE:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def found_aside(path: Path) -> tuple[str, ...]:
    """Return the names of the files that were set aside and are still there, oldest first."""
    found = path.parent.glob(f"{path.name}{_INFIX}*")
    return tuple(sorted(each.name for each in found if not each.name.endswith(_BESIDE[1:])))
