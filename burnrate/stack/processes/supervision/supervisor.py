"""supervisord: its start and its remote calls."""

import http.client
import socket
import subprocess
import time
import xmlrpc.client
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout, make_socket_directory
from burnrate.stack.processes.programs import find_python_program
from burnrate.stack.processes.supervision.ownership import identify
from burnrate.stack.stack_record import ProcessIdentity

_START_SECONDS = 15.0
_POLL_SECONDS = 0.05
_CALL_SECONDS = 30.0  # supervisord answers at once, unless it is stopped or stuck
# What was asked for is so already.
_HARMLESS_FAULTS = {Faults.ALREADY_STARTED, Faults.NOT_RUNNING}


@dataclass(frozen=True)
class ProcessInfo:
    """What supervisord says of a part.

    Attributes:
        state: http://supervisord.org/subprocess.html#process-states
        pid: Of the main process; 0 where there is none.
        description: For people, such as `pid 12, uptime 0:01:00`.
    """

    state: str
    pid: int
    description: str

    @property
    def is_up(self) -> bool:
        """Whether the part's process is there."""
        return self.state in {"STARTING", "RUNNING"}

    @property
    def has_ended(self) -> bool:
        """Whether the process ended without being asked to."""
        return self.state in {"BACKOFF", "EXITED", "FATAL"}

    @property
    def is_stopped(self) -> bool:
        """Whether nothing runs, and supervisord will start nothing by itself."""
        return self.state in {"STOPPED", "EXITED", "FATAL", "UNKNOWN"}


class Supervisor:
    """The running supervisord of one layout; each call raises OSError or StackError without it."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def is_answering(self) -> bool:
        """Return whether supervisord takes calls."""
        try:
            self._call("supervisor.getState")
        except (OSError, StackError):
            return False
        return True

    def identity(self) -> ProcessIdentity | None:
        """Return which process it is, found by what it was started with; None if it is gone."""
        for process in psutil.process_iter(["cmdline"]):
            if str(configuration_file(self._layout)) in (process.info["cmdline"] or ()):
                return identify(process.pid)
        return None

    def processes(self) -> dict[str, ProcessInfo]:
        """Return the state of each part."""
        rows = cast("list[dict[str, object]]", self._call("supervisor.getAllProcessInfo"))
        return {
            str(row["name"]): ProcessInfo(
                str(row["statename"]), int(str(row["pid"])), str(row["description"])
            )
            for row in rows
        }

    def start(self, name: str) -> None:
        """Start a part, without waiting for it; one that runs is left alone."""
        self._call("supervisor.startProcess", name, False)

    def stop(self, names: Iterable[str]) -> None:
        """Stop parts together and wait until they are stopped; supervisord enforces the grace."""
        left = set(names)
        for name in left:
            self._call("supervisor.stopProcess", name, False)
        while left := {n for n, i in self.processes().items() if n in left and not i.is_stopped}:
            time.sleep(_POLL_SECONDS)

    def update(self) -> None:
        """Take a changed configuration over.

        What changed or is gone is stopped first; nothing is started. What did not change runs on.
        """
        ((added, changed, removed),) = cast(
            "list[tuple[list[str], list[str], list[str]]]", self._call("supervisor.reloadConfig")
        )
        self.stop([*changed, *removed])
        for name in (*changed, *removed):
            self._call("supervisor.removeProcessGroup", name)
        for name in (*changed, *added):
            self._call("supervisor.addProcessGroup", name)

    def shut_down(self) -> None:
        """Ask supervisord to end itself, without waiting for that."""
        self._call("supervisor.shutdown")

    def _call(self, method: str, *arguments: str | bool) -> object:
        transport = SupervisorTransport(serverurl=f"unix://{self._layout.socket()}")
        try:
            with (
                _bounded_sockets(_CALL_SECONDS),
                xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as proxy,
            ):
                return getattr(proxy, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in _HARMLESS_FAULTS:
                return None
            raise StackError(f"supervisord: {method}: {fault.faultString}") from fault
        except (xmlrpc.client.Error, http.client.HTTPException) as error:
            raise StackError(f"supervisord: {method}: {error}") from error


def start_supervisor(layout: Layout) -> ProcessIdentity:
    """Start supervisord detached, with its configuration file of `layout`.

    Returns:
        Its identity, as soon as it takes calls.

    Raises:
        StackError: it is not installed, or does not start or answer.
    """
    program = find_python_program("supervisord")
    if program is None:
        raise StackError("supervisord is not in the virtual environment: make clean, then make up")
    make_socket_directory(layout)
    command = [str(program), "--configuration", str(configuration_file(layout))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=layout.checkout)
    if done.returncode != 0:
        raise StackError(
            f"supervisord does not start: {done.stderr.strip() or done.stdout.strip()}"
        )
    supervisor = Supervisor(layout)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if supervisor.is_answering() and (identity := supervisor.identity()):
            return identity
        time.sleep(_POLL_SECONDS)
    raise StackError(f"supervisord does not answer (log: {layout.log('supervisord')})")


def configuration_file(layout: Layout) -> Path:
    """Return where supervisord's configuration is."""
    return layout.run / "supervisord.conf"


def pid_file(layout: Layout) -> Path:
    """Return where supervisord notes its process id."""
    return layout.run / "supervisord.pid"


@contextmanager
def _bounded_sockets(seconds: float) -> Iterator[None]:
    # The transport has no time-out of its own, and takes the one of all sockets.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
