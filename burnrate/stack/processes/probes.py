"""Is a part healthy? Asked of the part itself, each time anew."""

import socket
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx2

from burnrate.http_client import HttpClient, NoAnswer, refusal
from burnrate.stack.addresses import LOOPBACK, AddressMap
from burnrate.stack.processes.programs import find_postgres_program
from burnrate.stack.secrets import machine_login, read_secret

# On the loopback a part that needs longer is not healthy.
_TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True)
class Health:
    """What a probe found; `detail` says why a part is not healthy."""

    is_healthy: bool
    detail: str = ""


@dataclass(frozen=True)
class ProbeContext:
    """What a probe may need.

    Attributes:
        addresses: Where the parts listen.
        secrets: The folder of the secrets.
    """

    addresses: AddressMap
    secrets: Path


class Probe(Protocol):
    """Asks one part for its health; never raises for an unhealthy one."""

    def check(self, part: str, context: ProbeContext) -> Health:
        """Return what the part answers now."""


@dataclass(frozen=True)
class HttpProbe:
    """A GET that must be answered 200.

    Attributes:
        path: What is asked for.
        container_port: The port it is asked at, as the container numbers it; None for the main one.
        expected: What must be a line of the body.
        has_login: Whether the part asks for the machine's login.
    """

    path: str
    container_port: int | None = None
    expected: str | None = None
    has_login: bool = False

    def check(self, part: str, context: ProbeContext) -> Health:
        """Return healthy for the wanted answer."""
        login = f"{machine_login(context.secrets)}@" if self.has_login else ""
        url = f"http://{login}{LOOPBACK}:{context.addresses.port(part, self.container_port)}"
        # Nothing is encrypted here, and reading the system's certificates costs twenty probes.
        transport = httpx2.HTTPTransport(verify=False)
        try:
            with HttpClient(
                part, url, timeout_seconds=_TIMEOUT_SECONDS, transport=transport
            ) as client:
                response = client.request("GET", self.path)
        except NoAnswer as error:
            reason = _reason(error.__cause__ or error)
            return Health(is_healthy=False, detail=f"GET {self.path}: {reason}")
        if response.status_code != httpx2.codes.OK:
            return Health(is_healthy=False, detail=f"GET {self.path}: {refusal(response)}")
        if self.expected and self.expected not in response.text.splitlines():
            return Health(is_healthy=False, detail=f"no line {self.expected!r} in {self.path}")
        return Health(is_healthy=True)


@dataclass(frozen=True)
class RedisProbe:
    """A PING with the password, answered by PONG."""

    def check(self, part: str, context: ProbeContext) -> Health:
        """Return healthy for a PONG."""
        password = read_secret(context.secrets, "redis_password")
        address = (LOOPBACK, context.addresses.port(part))
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

    def check(self, part: str, context: ProbeContext) -> Health:
        """Return healthy when the server takes connections."""
        program = find_postgres_program("pg_isready")
        if program is None:
            return Health(is_healthy=False, detail="pg_isready is not installed")
        port = context.addresses.port(part)
        command = [str(program), f"--host={LOOPBACK}", f"--port={port}", "--timeout=2"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
        detail = "" if done.returncode == 0 else done.stdout.strip().rpartition(" - ")[2]
        return Health(is_healthy=done.returncode == 0, detail=detail)


def check_all(probes: Mapping[str, Probe], context: ProbeContext) -> dict[str, Health]:
    """Return the health of each part of `probes`, all asked at once."""
    with ThreadPoolExecutor(max_workers=max(1, len(probes))) as pool:
        checks = {part: pool.submit(probe.check, part, context) for part, probe in probes.items()}
        return {part: check.result() for part, check in checks.items()}


def _reason(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    text = cause.strerror if cause is not None else None
    return (text or str(error) or type(error).__name__).lower()
