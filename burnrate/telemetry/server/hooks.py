"""What a `gunicorn.conf.py` takes over: its start and end, and the end of each worker."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker as BaseWorker
from prometheus_client import CollectorRegistry, Counter

from burnrate.telemetry import workers
from burnrate.telemetry.failures import guard, register_own_trouble
from burnrate.telemetry.logs import logging_config
from burnrate.telemetry.metrics import WORKER_EXIT_REASONS, worker_exits
from burnrate.telemetry.server.renewal import inherited_folder
from burnrate.telemetry.settings import TelemetrySettings
from burnrate.telemetry.usage import ProcessUsage

WORKER_CLASS: Final = "burnrate.telemetry.server.worker.Worker"
# The same with limits on the head of a request, and what uvicorn takes for `http` to have them.
BOUNDED_WORKER_CLASS: Final = "burnrate.telemetry.server.bounded_worker.BoundedWorker"
BOUNDED_HTTP: Final = "burnrate.telemetry.server.bounded_http:BoundedHttp"
_FOLDER_PREFIX: Final = "burnrate-metrics-"
# A file system in memory that every Linux has; writable where a container's root is not.
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - mkdtemp makes a folder that only we may enter
# A scrape folds what the master could not: it must go on starting workers.
_PATIENCE_SECONDS: Final = 1.0


class _Master:
    """What the master process keeps: its folder, its pid, the exits it has seen, what it uses."""

    folder: Path | None = None
    pid: int = 0
    exits: Counter | None = None
    usage: ProcessUsage | None = None


def prepare() -> None:
    """Give this gunicorn a new, empty folder for its workers' metric files.

    A folder of its own, so that the files of an earlier run never count twice, and two
    services on one machine never mix. `on_exit` removes it. A reload (SIGHUP), gunicorn's own or
    with `when_ready`, runs the configuration again in the same process, whose folder and counts go
    on.
    """
    if _Master.folder is not None and _Master.pid == os.getpid():
        return
    _Master.pid = os.getpid()
    with guard("files"):
        folder = inherited_folder() or _new_folder()
        workers.activate(folder)
        _Master.folder = folder
    with guard("hooks"):
        register_own_trouble(CollectorRegistry())
        _Master.exits = worker_exits(CollectorRegistry(), TelemetrySettings().prefix)
        _Master.usage = ProcessUsage(CollectorRegistry())
        _Master.usage.sample()


def _new_folder() -> Path:
    """Make the folder where temporary files go, or else in memory that is shared.

    Raises:
        OSError: There is no place for it: each worker then counts for itself.
    """
    with contextlib.suppress(OSError):
        return Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX))
    return Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX, dir=_SHARED_MEMORY))


def log_config(service: str) -> dict[str, Any]:
    """Return gunicorn's `logconfig_dict`: its own lines as JSON, like the workers'.

    Where the settings leave logging alone it is empty, as by default.

    Args:
        service: The value of the field `service`.

    Raises:
        pydantic.ValidationError: A `TELEMETRY_*` variable is out of its range.
    """
    settings = TelemetrySettings()
    return logging_config(service, settings) if settings.enabled and settings.logs else {}


def leave_exit_reason(folder: Path, pid: int, reason: str) -> None:
    """Let a worker say why it ends, for `child_exit` to read.

    Args:
        folder: The workers' metric files.
        pid: The worker's.
        reason: One of `WORKER_EXIT_REASONS`.
    """
    with contextlib.suppress(OSError):  # a full disk must not keep a worker from ending
        _exit_marker(folder, pid).write_text(reason)


def child_exit(_server: Arbiter, worker: BaseWorker) -> None:
    """Count a worker that ended, with the reason it left behind (killed: it left none).

    What it had counted moves into the archive. Gunicorn calls this in the master.
    """
    if _Master.folder is None or _Master.exits is None or _Master.usage is None:
        return
    # An exception here would end the master, and with it every worker.
    with guard("hooks"):
        _Master.exits.labels(_exit_reason(_Master.folder, worker)).inc()
        _Master.usage.sample()
    workers.keep_files()
    with guard("files"):
        workers.fold_dead(_Master.folder, patience_seconds=_PATIENCE_SECONDS)


def _exit_reason(folder: Path, worker: BaseWorker) -> str:
    if worker.aborted:
        return "timeout"
    marker = _exit_marker(folder, int(worker.pid))
    with contextlib.suppress(OSError, ValueError):
        reason = marker.read_text()
        marker.unlink()
        if reason in WORKER_EXIT_REASONS:  # a full disk leaves an empty file
            return reason
    return "killed"


def on_exit(_server: Arbiter) -> None:
    """Remove the folder; only the master does, not a worker that exits through its code."""
    if _Master.folder is not None and os.getpid() == _Master.pid:
        shutil.rmtree(_Master.folder, ignore_errors=True)


def _exit_marker(folder: Path, pid: int) -> Path:
    return folder / f"exit_{pid}"
