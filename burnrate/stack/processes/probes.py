"""Is a part healthy? Asked of the part itself, each time anew."""

import http.client
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from burnrate.stack.addresses import LOOPBACK, AddressMap
from burnrate.stack.processes.programs import find_postgres_program
from burnrate.stack.secrets import read_secret

# On the loopback a part that needs longer is not healthy.
_TIMEOUT_SECONDS = 3.0
_HTTP_OK = 200
_LONGEST_ANSWER_BYTES = 4 << 20
_LONGEST_DETAIL = 120


@dataclass(frozen=True)
class Health:
    """What a probe found."""

    is_healthy: bool
    detail: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What a probe may need beside the address."""

    addresses: AddressMap
    secrets: Path


class Probe(Protocol):
    """Asks one part for its health; never raises for an unhealthy one."""

    def check(self, part: str, surroundings: Surroundings) -> Health:
        """Return what the part answers now."""


@dataclass(frozen=True)
class HttpProbe:
    """A GET that must be answered 200, with `expected` as one line of the body if given."""

    path: str
    container_port: int | None = None
    expected: str | None = None

    def check(self, part: str, surroundings: Surroundings) -> Health:
        """Return healthy for the wanted answer."""
        port = surroundings.addresses.port(part, self.container_port)
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", self.path)
            response = connection.getresponse()
            body = response.read(_LONGEST_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            return Health(is_healthy=False, detail=f"GET {self.path}: {_reason(error)}")
        finally:
            connection.close()
        if response.status != _HTTP_OK:
            answer = " ".join(body.decode(errors="replace").split())[:_LONGEST_DETAIL]
            detail = f"GET {self.path}: {response.status} {answer}".strip()
            return Health(is_healthy=False, detail=detail)
        if self.expected and self.expected.encode() not in body.splitlines():
            return Health(is_healthy=False, detail=f"no line {self.expected!r} in {self.path}")
        return Health(is_healthy=True)


@dataclass(frozen=True)
class RedisProbe:
    """A PING with the password, answered by PONG."""

    def check(self, part: str, surroundings: Surroundings) -> Health:
        """Return healthy for a PONG."""
        password = read_secret(surroundings.secrets, "redis_password")
        address = (LOOPBACK, surroundings.addresses.port(part))
        try:
            with socket.create_connection(address, _TIMEOUT_SECONDS) as connection:
                connection.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
                answer = b"".join(iter(lambda: connection.recv(4096), b""))
        except OSError as error:
            return Health(is_healthy=False, detail=f"PING: {_reason(error)}")
        lines = answer.decode(errors="replace").splitlines()
        problem = next((line for line in lines if line.startswith("-")), "no PONG")
        return Health(is_healthy="+PONG" in lines, detail="" if "+PONG" in lines else problem)


@dataclass(frozen=True)
class PostgresProbe:
    """`pg_isready`, over TCP as the clients come."""

    def check(self, part: str, surroundings: Surroundings) -> Health:
        """Return healthy when the server takes connections."""
        program = find_postgres_program("pg_isready")
        if program is None:
            return Health(is_healthy=False, detail="pg_isready is not installed")
        port = surroundings.addresses.port(part)
        command = [str(program), f"--host={LOOPBACK}", f"--port={port}", "--timeout=2"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
        detail = "" if done.returncode == 0 else done.stdout.strip().rpartition(" - ")[2]
        return Health(is_healthy=done.returncode == 0, detail=detail)


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    return (text or str(error) or type(error).__name__).lower()
