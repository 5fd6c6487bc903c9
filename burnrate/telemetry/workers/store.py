"""Where the values of one process live: files that the others read, made anew when they vanish."""

import contextlib
import errno
import os
from pathlib import Path
from threading import RLock
from typing import Any, Final

from burnrate.telemetry.failures import failed
from burnrate.telemetry.platforms import after_fork, fcntl
from burnrate.telemetry.workers import archive
from burnrate.telemetry.workers.exemplars import ExemplarWriter
from burnrate.telemetry.workers.metric_files import is_of_the_living, read_token
from burnrate.telemetry.workers.owners import UNKNOWN, own_token
from burnrate.telemetry.workers.worker_file import WorkerFile

# A process that ends is folded by whoever comes first; nobody's start waits for that.
_PATIENCE_SECONDS: Final = 1.0


class Store:
    """All values of this process; a forked child gets files of its own, at zero.

    Args:
        folder: Of the metric files of all processes of the service.

    Attributes:
        exemplars: Of this process.
        lock: Held while a value changes; nothing is logged under it, since log lines are counted.
    """

    def __init__(self, folder: Path) -> None:
        # Reentrant: what the garbage collector runs may count something, too.
        self.lock = RLock()
        self.exemplars = ExemplarWriter(folder)
        self._folder = folder
        self._files: dict[str, WorkerFile] = {}
        self._values: list[Any] = []
        self._in_trouble: dict[str, OSError] = {}
        self._untold: list[OSError] = []
        self._folder_lock: int | None = None
        after_fork(self._start_anew)

    def add(self, value: Any) -> None:  # noqa: ANN401 - the class is made at run time
        """Give a new value its place."""
        with self.lock:
            self._values.append(value)
            self._place(value)
        self._tell()

    def keep(self) -> None:
        """Make the folder and this process's files anew where somebody has removed them.

        Values that had to stay in memory get a file as soon as there is room.
        """
        with self.lock:
            for kind, file in list(self._files.items()):
                if file.is_in_place():
                    continue
                self._note(kind, file.trouble or _removed(self._path(kind)))
                try:
                    self._replace(kind)
                except OSError as error:
                    self._note(kind, error)
                else:
                    del self._in_trouble[kind]
        self.exemplars.keep()
        self._tell()

    def _path(self, kind: str) -> Path:
        return self._folder / f"{kind}_{os.getpid()}.db"

    def _place(self, value: Any) -> None:  # noqa: ANN401 - as above
        file = self._files.get(value.kind)
        if file is None:
            file = self._files[value.kind] = self._open(value.kind)
        index = file.index(value.key)
        value.place(file.doubles, index)
        if file.trouble is not None:
            self._note(value.kind, file.trouble)

    def _open(self, kind: str) -> WorkerFile:
        self._hold_folder()
        path = self._path(kind)
        with contextlib.suppress(OSError):
            token = read_token(path)
            if token not in (UNKNOWN, own_token()):
                # Of an earlier process with this number, which nobody has folded yet.
                archive.fold_dead(self._folder, patience_seconds=_PATIENCE_SECONDS)
            if token != own_token() and is_of_the_living(kind):
                path.unlink()
        return WorkerFile(path)

    def _replace(self, kind: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hold_folder()
        new = WorkerFile(self._path(kind), is_new=True)
        places = []
        for value in self._values:
            if value.kind == kind:
                index = new.index(value.key)
                places.append((value, new.doubles, index))
        if new.trouble is not None:
            new.close()
            raise new.trouble
        # All values are there before others see the file: a sum never falls.
        for value, doubles, index in places:
            value.move(doubles, index)
        self._files[kind].close()
        self._files[kind] = new
        new.put_in_place()

    def _hold_folder(self) -> None:
        """Lock the folder as systemd-tmpfiles respects it: it leaves alone what is in there.

        See "BSD file locks" in https://systemd.io/TEMPORARY_DIRECTORIES/.
        """
        if self._folder_lock is not None:
            os.close(self._folder_lock)
            self._folder_lock = None
        with contextlib.suppress(OSError):
            self._folder_lock = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(self._folder_lock, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _note(self, kind: str, error: OSError) -> None:
        if kind not in self._in_trouble:
            self._in_trouble[kind] = error
            self._untold.append(error)

    def _tell(self) -> None:
        while self._untold:
            failed("files", self._untold.pop())

    def _start_anew(self) -> None:
        self.lock = RLock()  # the parent's other threads may have held it
        self.exemplars.start_anew()
        for file in self._files.values():
            file.close()
        self._files = {}
        self._in_trouble = {}
        self._untold = []
        for value in self._values:
            self._place(value)


def _removed(path: Path) -> OSError:
    return FileNotFoundError(errno.ENOENT, "somebody has removed a metric file", str(path))
