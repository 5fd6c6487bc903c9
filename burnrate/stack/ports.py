"""Ports: which are free, and that those of the stack are before anything starts."""

import errno
import fcntl
import os
import pwd
import random
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import psutil

from burnrate.stack.addresses import LOOPBACK, AddressMap
from burnrate.stack.errors import StackError

# Not the kernel's choice: that is among the ports it gives to outgoing connections as well, and one
# of those may have the port before the server does.
_PORTS: Final = range(12_000, 32_000)
# https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENS = "0A"

_given: Final = set[int]()


def free_port() -> int:
    """Return a loopback port that nothing listens on; raises StackError where there is none."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return so many loopback ports that nothing listens on, and that nobody else gets from here.

    What listens there starts later, some of it much later: as long as this process lives, no other
    call of the same user returns these ports, in whatever process.

    Raises:
        StackError: there are not so many.
    """
    found: list[int] = []
    # Not `random.sample`: whoever seeds that gets the same ports as everyone with this seed.
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        if port not in _given and _is_free(port) and _is_reserved(port):
            found.append(port)
        if len(found) == count:
            _given.update(found)
            return found
    raise StackError(f"no {count} ports are free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind((LOOPBACK, port))
        return True
    return False


def _is_reserved(port: int) -> bool:
    """Reserve a port against other processes; returns whether none of them has it."""
    with suppress(OSError):
        # A byte of the file for each port: the kernel gives it back when this process ends.
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        return True
    return False


@cache
def _reservations() -> int:
    """Open the file, which stays open: closing it would give every port back."""
    # Not the folder of TMPDIR: that is another one for some of the processes that choose.
    file = Path("/tmp") / f"burnrate-ports-{os.getuid()}"  # noqa: S108 - no link is followed
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


@dataclass(frozen=True)
class WantedPort:
    """A port of this machine that a part is to have.

    Attributes:
        variable: What moves it.
    """

    part: str
    port: int
    variable: str


def check_ports(addresses: AddressMap, parts: Iterable[str]) -> None:
    """Raise StackError that names every port that two parts want or that somebody else has."""
    wanted = [
        WantedPort(part, port, endpoint.variable)
        for part in parts
        for endpoint, port in addresses.of_part(part).items()
    ]
    refuse(port_conflicts(wanted))


def port_conflicts(
    wanted: Iterable[WantedPort], holders: Mapping[int, str] | None = None
) -> list[str]:
    """Return a line for each port that cannot be had, with who has it and what to change.

    Args:
        wanted: By the parts that shall start.
        holders: Port -> who has it, as far as it is known already.
    """
    first: dict[int, WantedPort] = {}
    lines = []
    for each in wanted:
        if other := first.get(each.port):
            lines.append(
                f"port {each.port} is wanted by {other.part} ({other.variable}) "
                f"and by {each.part} ({each.variable})"
            )
        else:
            first[each.port] = each
    return lines + [
        f"port {each.port} for {each.part} {problem}: "
        f"free it or set {each.variable} to another port (in .env)"
        for each in first.values()
        if (problem := _problem(each.port, (holders or {}).get(each.port)))
    ]


def refuse(conflicts: Sequence[str]) -> None:
    """Raise StackError for conflicts, all of them at once; nothing happens without one."""
    if len(conflicts) == 1:
        raise StackError(conflicts[0])
    if conflicts:
        raise StackError(
            "\n  ".join([f"{len(conflicts)} things are in the way of a start:", *conflicts])
        )


def _problem(port: int, holder: str | None) -> str | None:
    with socket.socket() as candidate:
        # As servers do: a connection that is fading away is no obstacle.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
            candidate.listen()
        except PermissionError:
            return "is for root only"
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return f"is taken by {found}" if (found := holder or _holder(port)) else "is taken"
    return None


def _holder(port: int) -> str | None:
    """Return who listens there, as far as this user may know."""
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        pid = next((c.pid for c in listening if c.pid and c.laddr and c.laddr.port == port), None)
        if pid:
            return f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return None
    user = next(_listening_users(port), None)
    return f"a process of {user}" if user else None


def _listening_users(port: int) -> Iterator[str]:
    """Yield whose listeners have the port: that much Linux tells about other users' too."""
    for table in _TABLES:
        lines = table.read_text(encoding="ascii").splitlines()[1:] if table.exists() else []
        for line in lines:
            _, local, _, state, _, _, _, uid, *_ = line.split()
            if state == _LISTENS and int(local.rpartition(":")[2], 16) == port:
                with suppress(KeyError):
                    yield pwd.getpwuid(int(uid)).pw_name
