"""supervisord: its configuration, its start, and its remote calls."""

import configparser
import http.client
import io
import os
import shlex
import socket
import subprocess
import time
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout, make_socket_directory
from burnrate.stack.processes.programs import find_python_program
from burnrate.stack.processes.rendering import PlannedPart
from burnrate.stack.records import Identity, identify

_START_SECONDS = 15.0
_POLL_SECONDS = 0.05
# supervisord waits one second longer after each failure; this many are more than a week.
_RESTARTS = 1000
_CALL_SECONDS = 30.0  # supervisord answers at once, unless it is stopped or stuck
# supervisor.xmlrpc.Faults: already started, not running.
_HARMLESS_FAULTS = {60, 70}

_SCRIPT = """\
#!/bin/sh
# Written by `burnrate stack`: how it starts {name} here.
read -r stat < /proc/$$/stat
set -- $stat
echo "$1 ${{22}} $6" > {leader}
{clean}cd {directory} || exit 1
ulimit -n 65536 2> /dev/null || ulimit -n "$(ulimit -Hn)"
exec env -i \\
{environment}  {arguments}
"""


def start_script(part: PlannedPart, leader: Path) -> str:
    """Return the shell script that becomes the part's main process, and notes which one it is."""
    temporary = shlex.join(str(path) for path in part.temporary_directories)
    clean = f"rm -rf -- {temporary}\nmkdir -p -m 0711 -- {temporary}\n" if temporary else ""
    environment = (f"  {shlex.quote(f'{k}={v}')} \\\n" for k, v in part.environment.items())
    return _SCRIPT.format(
        name=part.name,
        leader=shlex.quote(str(leader)),
        clean=clean,
        directory=shlex.quote(str(part.directory)),
        environment="".join(environment),
        arguments=shlex.join(part.arguments),
    )


def configuration(layout: Layout, parts: Iterable[PlannedPart]) -> str:
    """Return supervisord.conf; paths are relative to it, so that none needs quoting."""
    config = configparser.RawConfigParser()
    config.read_dict(
        {
            "unix_http_server": {"file": _literal(str(layout.socket())), "chmod": "0700"},
            "supervisord": {
                "logfile": "%(here)s/../logs/supervisord.log",
                "logfile_maxbytes": "5MB",
                "logfile_backups": "2",
                "pidfile": "%(here)s/supervisord.pid",
                "childlogdir": "%(here)s",
                "umask": "022",
                # Said aloud, or supervisord warns at each start.
                **({"user": "root"} if os.geteuid() == 0 else {}),
            },
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": (
                    "supervisor.rpcinterface:make_main_rpcinterface"
                )
            },
            "rpcinterface:reaper": {
                "supervisor.rpcinterface_factory": "burnrate.stack.processes.reaper:make_reaper"
            },
        }
    )
    for part in parts:
        config[f"program:{part.name}"] = _program(part)
    text = io.StringIO()
    config.write(text)
    return text.getvalue()


def _program(part: PlannedPart) -> dict[str, str]:
    return {
        "command": f'/bin/sh "%(here)s/{part.name}.sh"',
        "autostart": "false",
        "autorestart": "true",
        "startretries": str(_RESTARTS),
        "stopsignal": part.stop_signal,
        "stopwaitsecs": str(max(1, round(part.grace_seconds))),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": f"%(here)s/../logs/{part.name}.log",
        # 40 MB a part at most.
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": "1",
        **({"user": part.user} if part.user else {}),
    }


def _literal(text: str) -> str:
    return text.replace("%", "%%")


@dataclass(frozen=True)
class ProcessInfo:
    """What supervisord says of a part."""

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


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_CALL_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_CALL_SECONDS)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: object) -> http.client.HTTPConnection:  # noqa: ARG002
        return _UnixConnection(self._path)


class Supervisor:
    """The running supervisord of one layout."""

    def __init__(self, layout: Layout) -> None:
        self._socket = layout.socket()

    def is_answering(self) -> bool:
        """Return whether supervisord takes calls."""
        try:
            self._call("supervisor.getState")
        except (OSError, StackError):
            return False
        return True

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
        """Start a part, without waiting for it."""
        self._call("supervisor.startProcess", name, False)

    def stop(self, names: Iterable[str]) -> None:
        """Stop parts together and wait until they are stopped; supervisord enforces the grace."""
        left = set(names)
        for name in left:
            self._call("supervisor.stopProcess", name, False)
        while left := {n for n, i in self.processes().items() if n in left and not _stopped(i)}:
            time.sleep(_POLL_SECONDS)

    def update(self) -> None:
        """Take a changed configuration file over: parts that are new, changed or gone."""
        ((added, changed, removed),) = cast(
            "list[tuple[list[str], list[str], list[str]]]", self._call("supervisor.reloadConfig")
        )
        self.stop([*changed, *removed])
        for name in (*changed, *removed):
            self._call("supervisor.removeProcessGroup", name)
        for name in (*changed, *added):
            self._call("supervisor.addProcessGroup", name)

    def shut_down(self) -> None:
        """Ask supervisord to end itself."""
        self._call("supervisor.shutdown")

    def _call(self, method: str, *arguments: str | bool) -> object:
        transport = _UnixTransport(self._socket)
        try:
            with xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as proxy:
                return getattr(proxy, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in _HARMLESS_FAULTS:
                return None
            raise StackError(f"supervisord: {method}: {fault.faultString}") from fault
        except (xmlrpc.client.Error, http.client.HTTPException) as error:
            raise StackError(f"supervisord: {method}: {error}") from error


def start_supervisor(layout: Layout) -> Identity:
    """Start supervisord detached; returns when it takes calls."""
    program = find_python_program("supervisord")
    if program is None:
        raise StackError("supervisord is not in the virtual environment: make clean, then make up")
    make_socket_directory(layout)
    command = [str(program), "--configuration", str(layout.run / "supervisord.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=layout.checkout)
    if done.returncode != 0:
        raise StackError(
            f"supervisord does not start: {done.stderr.strip() or done.stdout.strip()}"
        )
    deadline = time.monotonic() + _START_SECONDS
    supervisor = Supervisor(layout)
    while time.monotonic() < deadline:
        if supervisor.is_answering() and (identity := _identity(layout)):
            return identity
        time.sleep(_POLL_SECONDS)
    raise StackError(f"supervisord does not answer (log: {layout.log('supervisord')})")


def _identity(layout: Layout) -> Identity | None:
    try:
        return identify(int((layout.run / "supervisord.pid").read_text(encoding="ascii")))
    except (FileNotFoundError, ValueError):
        return None


def _stopped(info: ProcessInfo) -> bool:
    return info.state in {"STOPPED", "EXITED", "FATAL", "UNKNOWN"}
