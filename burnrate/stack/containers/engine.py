"""What the Docker engine says of itself: whether it can run the stack, and where its socket is.

docs/engines.md has which engines were tried, and what each answer here is based on.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence

_PROBE_SECONDS = 10
# `docker compose up --wait-timeout`; `make test-stack` runs Debian 13's 2.26 and a newer one.
_OLDEST_COMPOSE = (2, 20)
# Where every engine's own machine has it, a virtual one included.
_DEFAULT_SOCKET = "/var/run/docker.sock"
_PODMAN = (
    "the engine is Podman, which refuses a tmpfs with an owner and leaves health checks to "
    "systemd, so the stack cannot start on it: use a Docker engine (rootless works as well)"
)


def engine_problem() -> str | None:
    """Return why containers cannot be used here, or None if they can."""
    version = command_output(["docker", "version", "--format", "{{json .}}"])
    if version is None:
        return "no Docker engine answers"
    if _is_podman(version):
        return _PODMAN
    if (address := _address()).startswith("ssh://"):
        return f"the engine is on another machine ({address}), which has no copy of this checkout"
    compose = command_output(["docker", "compose", "version", "--short"])
    found = re.match(r"v?(\d+)\.(\d+)", compose or "")
    if found is None:
        return "the Docker engine answers, but docker compose (version 2) is not installed"
    if (int(found[1]), int(found[2])) < _OLDEST_COMPOSE:
        return f"docker compose {found[0]} is too old: 2.20 is the oldest that will do"
    return None


def engine_socket(environment: Mapping[str, str]) -> str:
    """Return the path by which a container can mount the engine's socket.

    Args:
        environment: Has the user's own choice, `DOCKER_SOCKET`, if there is one.
    """
    if chosen := environment.get("DOCKER_SOCKET"):
        return chosen
    if _is_in_virtual_machine():
        # The path that the context names is this machine's; mounts are the other's.
        return _DEFAULT_SOCKET
    scheme, _, path = _address().partition("://")
    return path if scheme == "unix" and path else _DEFAULT_SOCKET


def command_output(command: Sequence[str]) -> str | None:
    """Return what a command prints, or None if it fails, hangs or does not exist."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_PROBE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _is_podman(version: str) -> bool:
    """Tell whether Podman answers, under Docker's client or its own by the name `docker`."""
    try:
        server = json.loads(version).get("Server")
    except ValueError:
        return False
    if server is None:
        # Docker's client fails without a server; Podman's needs none.
        return True
    names = [component.get("Name", "") for component in server.get("Components") or []]
    return any("Podman" in name for name in names)


def _address() -> str:
    """Return where Docker's client finds the engine; DOCKER_HOST is part of what it answers."""
    context = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    return command_output(context) or ""


def _is_in_virtual_machine() -> bool:
    if sys.platform != "linux":
        return True
    system = command_output(["docker", "info", "--format", "{{.OperatingSystem}}"])
    return system == "Docker Desktop"
