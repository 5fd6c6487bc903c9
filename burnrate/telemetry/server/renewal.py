"""SIGHUP gives a gunicorn master new code without a moment in which nobody serves.

gunicorn's own reload keeps the modules that the master has imported, and ends the old workers when
the new ones have just begun to start. Here the master executes its program anew, in the same
process and with the same sockets, while its workers go on; they are told to stop when as many new
ones serve.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from gunicorn.arbiter import Arbiter

from burnrate.telemetry import workers

_logger = logging.getLogger(__name__)
# From one program to the next: its process, its folder, its workers.
_VARIABLE: Final = "BURNRATE_RENEWAL"
# Answered by the next program; by default they would end a master that does not yet listen to them.
_HELD: Final = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD,
)  # fmt: skip
# A file with the next program's `arguments` and `environment`, kept by whoever starts this one:
# a process cannot be given another environment. Without it the next program is as this one.
_PROGRAM: Final = "BURNRATE_PROGRAM"
_ENDING: Final = {signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
_OPTIONS: Final = "GUNICORN_CMD_ARGS"  # more of its command line
_FIRST_SOCKET: Final = 3  # https://www.freedesktop.org/software/systemd/man/sd_listen_fds.html
_POLL_SECONDS: Final = 0.1
# Then the old ones are ended all the same: they would serve old code for ever.
_START_SECONDS: Final = 120.0
_CHECK_SECONDS: Final = 60.0


def inherited_folder() -> Path | None:
    """Return the folder of metric files of the program that was here before; None at a start."""
    left = _left()
    return Path(left["folder"]) if left and left["folder"] else None


def when_ready(server: Arbiter) -> None:
    """Let SIGHUP renew the program, and end the workers of the one before: gunicorn's hook."""
    cast("Any", server).handle_hup = partial(_renew, server)
    left = _left()
    os.environ.pop(_VARIABLE, None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
    if left and left["workers"]:
        _take_over(server, left["workers"])


def _left() -> dict[str, Any] | None:
    text = os.environ.get(_VARIABLE)
    left: dict[str, Any] | None = json.loads(text) if text else None
    # A worker's own children inherit the variable as well.
    return left if left and left["pid"] == os.getpid() else None


def _renew(server: Arbiter) -> None:
    """Execute the program anew; one that would not start leaves everything as it is."""
    # gunicorn keeps a signal in its memory until it comes to it, and that ends with the program.
    # One that arrives from here on waits in the kernel.
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        _execute_anew(server)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)


def _execute_anew(server: Arbiter) -> None:
    try:
        program = _Program.of(server)
        reason = program.refusal()
    except (OSError, ValueError, LookupError) as error:
        reason = f"{type(error).__name__}: {error}"
    if reason:
        _logger.error("the program is not renewed", extra={"reason": reason})
        return
    if _ENDING & signal.sigpending():
        return
    folder = workers.directory()
    pids = list(server.WORKERS)
    left = {"pid": os.getpid(), "folder": str(folder) if folder else None, "workers": pids}
    own = {
        _VARIABLE: json.dumps(left),
        "LISTEN_PID": str(os.getpid()),
        "LISTEN_FDS": str(len(server.LISTENERS)),
    }
    _logger.info("renewing the program", extra={"workers": len(pids)})
    _place_sockets([listener.fileno() for listener in server.LISTENERS])
    program.execute(own)


@dataclass(frozen=True)
class _Program:
    """How this gunicorn was started."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str

    @classmethod
    def of(cls, server: Arbiter) -> "_Program":
        context = cast("dict[str, Any]", server.START_CTX)
        environment = dict(server.cfg.env_orig)
        if file := environment.get(_PROGRAM):
            described = json.loads(Path(file).read_text(encoding="utf-8"))
            arguments = [sys.executable, *described["arguments"]]
            return cls(arguments, described["environment"], context["cwd"])
        # gunicorn's own note of them is wrong after `python -m gunicorn`.
        return cls(list(sys.orig_argv), environment, context["cwd"])

    def refusal(self) -> str | None:
        """Return why it would not load, None if it would."""
        options = f"{self.environment.get(_OPTIONS, '')} --check-config"
        # What it makes there is not for keeping.
        with tempfile.TemporaryDirectory() as folder:
            own = {_OPTIONS: options, "TMPDIR": folder}
            try:
                done = subprocess.run(  # noqa: S603 - as it was started
                    [sys.executable, *self.arguments[1:]],
                    env={**self.environment, **own},
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=_CHECK_SECONDS,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                return str(error)
        lines = (done.stdout + done.stderr).strip().splitlines()
        return None if done.returncode == 0 else (lines or ["no reason given"])[-1]

    def execute(self, added: Mapping[str, str]) -> None:
        """Become it."""
        os.chdir(self.folder)
        environment = {**self.environment, **added}
        os.execve(sys.executable, self.arguments, environment)  # noqa: S606 - as it was started


def _place_sockets(numbers: list[int]) -> None:
    """Leave the sockets where the next program looks for them; all other files are closed then."""
    above = _FIRST_SOCKET + len(numbers)
    # First out of the way of each other.
    copies = [_copy_above(number, above) for number in numbers]
    for index, copy in enumerate(copies):
        os.dup2(copy, _FIRST_SOCKET + index, inheritable=True)


def _copy_above(number: int, lowest: int) -> int:
    held = []
    while (copy := os.dup(number)) < lowest:
        held.append(copy)
    for each in held:
        os.close(each)
    return copy


@dataclass
class _Heartbeat:
    """An old worker's, which nobody watches any more until it is told to stop."""

    told_at: float | None = None

    def last_update(self) -> float:
        """Return when it was last known to live, for gunicorn's time-out."""
        return time.monotonic() if self.told_at is None else self.told_at

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class _OldWorker:
    """What gunicorn keeps of a worker, of one that another program has started."""

    pid: int
    tmp: _Heartbeat
    age: int = 0  # gunicorn ends the oldest first, and counts from 1
    aborted: bool = False
    booted: bool = True


def _take_over(server: Arbiter, pids: list[int]) -> None:
    """Have the old workers beside new ones, until those serve."""
    old = [_OldWorker(pid, _Heartbeat()) for pid in pids]
    server.WORKERS.update({worker.pid: cast("Any", worker) for worker in old})
    server.num_workers += len(old)
    threading.Thread(target=_end, args=(server, old), daemon=True).start()


def _end(server: Arbiter, old: list[_OldWorker]) -> None:
    wanted = server.num_workers - len(old)
    give_up = time.monotonic() + _START_SECONDS
    while _serving(server) < wanted and time.monotonic() < give_up:
        time.sleep(_POLL_SECONDS)
    for worker in old:
        worker.tmp.told_at = time.monotonic() + server.cfg.graceful_timeout
    # gunicorn's loop ends the oldest, within a second.
    server.num_workers -= len(old)


def _serving(server: Arbiter) -> int:
    """Return how many new workers have begun to serve."""
    now = time.monotonic()
    return sum(_has_served(worker, now) for worker in list(server.WORKERS.values()))


def _has_served(worker: Any, now: float) -> bool:  # noqa: ANN401 - gunicorn's, or one of ours
    try:
        # By the wall clock until its first heartbeat: the first thing it does when it serves.
        return not isinstance(worker, _OldWorker) and worker.tmp.last_update() <= now
    except (OSError, ValueError):  # it has just ended
        return False
