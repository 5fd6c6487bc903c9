"""Metrics of many workers: each writes memory-mapped files, any of them shows the sum."""

import contextlib
import logging
import os
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Final

from prometheus_client import REGISTRY, values

from burnrate.telemetry.failures import failures, guard, log_lines
from burnrate.telemetry.platforms import after_fork, can_share
from burnrate.telemetry.workers.archive import HeldArchives
from burnrate.telemetry.workers.rendezvous import common_folder, server_pid
from burnrate.telemetry.workers.store import Store
from burnrate.telemetry.workers.values import make_value_class, move_into_files, take_over_values

DIRECTORY_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
# Writes through a mapping move no time stamp; what cleans by age counts hours, at the least.
_TOUCH_SECONDS: Final = 60.0
_log: Final = logging.getLogger("burnrate.telemetry")


def directory() -> Path | None:
    """Return the folder of the metric files, None where one process serves alone.

    Where a platform cannot share files each process is taken for one that serves alone.
    """
    value = os.environ.get(DIRECTORY_VARIABLE)
    return Path(value) if value and can_share() else None


def activate(path: Path) -> None:
    """Let every metric made from now on live in files below `path`, exemplars too.

    prometheus_client decides when it is first imported; a server's configuration runs later
    than that, so the decision is made again here. Its own files are not made for a disk without
    room: there a write kills the process.

    Args:
        path: A folder of this service's own, there already and empty at its start.
    """
    os.environ[DIRECTORY_VARIABLE] = str(path)
    store = Store(path)
    the_library_s, ours = values.ValueClass, make_value_class(store)
    values.ValueClass = ours
    _Upkeep.store = store
    take_over_values(the_library_s, ours)
    for counter in (failures, log_lines):
        counter.end()  # it begins anew in the files


def join_siblings(service: str) -> None:
    """Share metrics with the other processes of this server, if it has several; never raises.

    What the application has registered globally by then moves into the files, with its values.
    A folder that is set already stays, by `activate` or in the environment (`use_folder`).

    Args:
        service: Its name; other services' processes have another folder.
    """
    if use_folder():
        return
    parent = server_pid()
    if parent is None:
        return
    if not can_share():
        _log.warning("here each process shows its own metrics: they can be shared on POSIX only")
        return
    with guard("workers"):
        folder = common_folder(parent, service)
        activate(folder)
        move_into_files(REGISTRY)
        _log.info("metrics are shared with the server's other processes", extra={"folder": folder})


def use_folder() -> bool:
    """Write into the folder that the environment names, if it does; never raises.

    It is made if it is not there, and where that is impossible values are in memory until it is
    possible. What the application has made by then moves into our files there.

    Returns:
        Whether there is one.
    """
    folder = directory()
    if folder is None:
        return False
    if _Upkeep.store is None:
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with guard("files"):
            activate(folder)
            move_into_files(REGISTRY)
    return True


class _Upkeep:
    """What this process looks after; `store` is None where values are in memory."""

    store: Store | None = None
    archives: HeldArchives | None = None
    touched: float = 0.0
    lock = Lock()


def _start_anew() -> None:
    _Upkeep.lock = Lock()


after_fork(_start_anew)


def keep_files() -> None:
    """See that what this process counts is where the others look for it; never raises.

    Files that somebody has removed are made anew with their values, the archive of the dead is
    put back, and no file looks old. To be called about once a second, and before a scrape; does
    nothing where one process serves alone.
    """
    folder = directory()
    if folder is None or not _Upkeep.lock.acquire(blocking=False):
        return
    try:
        with guard("files"):
            if _Upkeep.store is not None:
                _Upkeep.store.keep()
            if _Upkeep.archives is None:
                _Upkeep.archives = HeldArchives(folder)
            _Upkeep.archives.keep()
            if monotonic() - _Upkeep.touched > _TOUCH_SECONDS:
                _touch(folder)
                _Upkeep.touched = monotonic()
    finally:
        _Upkeep.lock.release()


def _touch(folder: Path) -> None:
    with contextlib.suppress(OSError):  # a file that has just been folded
        for path in (folder, *folder.iterdir()):
            with contextlib.suppress(OSError):
                os.utime(path)
