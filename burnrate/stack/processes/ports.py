"""Ports: which are free, and that those of the stack are before anything starts."""

import errno
import random
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import psutil

from burnrate.stack.addresses import LOOPBACK, AddressMap, Endpoint
from burnrate.stack.errors import StackError

# Not the kernel's choice: that is among the ports it gives to outgoing connections as well, and one
# of those may have the port before the server does.
_PORTS: Final = range(12_000, 32_000)


def free_port() -> int:
    """Return a loopback port that nothing listens on; raises StackError where there is none."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return so many loopback ports that nothing listens on, no two of them the same.

    Raises:
        StackError: there are not so many.
    """
    found: list[int] = []
    # In random order: others who choose at the same time get other ports.
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            found.append(port)
        if len(found) == count:
            return found
    raise StackError(f"no {count} ports are free")


def check_ports(addresses: AddressMap, parts: Iterable[str]) -> None:
    """Raise StackError for a port that two parts want or that somebody else has."""
    wanted: dict[int, Endpoint] = {}
    for part in parts:
        for endpoint, port in addresses.of_part(part).items():
            if other := wanted.get(port):
                raise StackError(
                    f"port {port} is wanted by {other.part} ({other.variable}) "
                    f"and by {part} ({endpoint.variable})"
                )
            wanted[port] = endpoint
    for port, endpoint in wanted.items():
        if problem := _problem(port):
            raise StackError(
                f"port {port} for {endpoint.part} {problem}: "
                f"free it or set {endpoint.variable} to another port (in .env)"
            )


def _problem(port: int) -> str | None:
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
            return f"is taken{_holder(port)}"
    return None


def _holder(port: int) -> str:
    """Return who listens there, as far as this user may know."""
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        pid = next((c.pid for c in listening if c.pid and c.laddr and c.laddr.port == port), None)
        return f" by {psutil.Process(pid).name()} (process {pid})" if pid else ""
    except psutil.Error:
        return ""
