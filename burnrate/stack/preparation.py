"""The files that must exist before anything can start: `.env`, the state, secrets. Idempotent."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from burnrate.stack.addresses import AddressMap
from burnrate.stack.compose import Compose
from burnrate.stack.data import data_directories
from burnrate.stack.layout import Layout, make_directory
from burnrate.stack.secrets import make_secrets

# No container runs as root: when root starts them, they and their files get this user.
CONTAINER_UID = 10001
_DEFAULT_SOCKET = "/var/run/docker.sock"


def write_env_file(layout: Layout, environment: Mapping[str, str]) -> None:
    """Create `.env` from `.env.example` and add the user's ids; what is set in it stays.

    Args:
        layout: Where it is.
        environment: Where the Docker socket's path, `DOCKER_SOCKET`, is looked up.
    """
    path = layout.env_file
    example = layout.checkout / ".env.example"
    if path.exists():
        before = path.read_text(encoding="utf-8")
    else:
        before = example.read_text(encoding="utf-8") if example.exists() else ""
    after = _with_values(before, container_ids(environment))
    if after != before or not path.exists():
        path.write_text(after, encoding="utf-8")


def make_state(layout: Layout, compose: Compose, addresses: AddressMap) -> None:
    """Create the state directory with its secrets and one data folder for each part.

    Args:
        layout: Where it is.
        compose: Which secrets and data folders there are.
        addresses: Of Redis, for the exporter's file of passwords.
    """
    for directory in (layout.state, layout.data, layout.etc, layout.run):
        make_directory(directory, 0o755)
    # Logs tell about clients.
    make_directory(layout.logs, 0o700)
    files = (layout.host_path(secret.file) for secret in compose.secrets.values())
    make_secrets(layout.secrets, (file.name for file in files), addresses)
    for directory in data_directories(layout, compose):
        if not directory.exists():
            make_directory(directory, 0o700)


def give_to_containers(layout: Layout, compose: Compose, settings: Mapping[str, str]) -> None:
    """As root, hand secrets and data folders to the user the containers run as.

    Args:
        layout: Where they are.
        compose: Which data folders there are.
        settings: With BURNRATE_UID and BURNRATE_GID, the user's ids.
    """
    if os.geteuid() != 0:
        return
    uid, gid = int(settings["BURNRATE_UID"]), int(settings["BURNRATE_GID"])
    for path in (layout.secrets, *layout.secrets.iterdir(), layout.data):
        os.chown(path, uid, gid)
    for directory in data_directories(layout, compose):
        os.chown(directory, uid, gid)


def container_ids(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the ids the containers run with: the invoking user, never root.

    Args:
        environment: Where the Docker socket's path, `DOCKER_SOCKET`, is looked up: with one on this
            machine, its group is DOCKER_GID.
    """
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        uid = gid = CONTAINER_UID
    ids = {"BURNRATE_UID": str(uid), "BURNRATE_GID": str(gid)}
    socket = Path(environment.get("DOCKER_SOCKET", _DEFAULT_SOCKET))
    if socket.is_socket():
        ids["DOCKER_GID"] = str(socket.stat().st_gid)
    return ids


def _with_values(text: str, values: Mapping[str, str]) -> str:
    lines = text.splitlines()
    for name, value in values.items():
        assignment = re.compile(rf"\s*(?:export\s+)?{name}\s*=(.*)")
        found = [(i, m[1].strip()) for i, line in enumerate(lines) if (m := assignment.match(line))]
        if not found:
            lines.append(f"{name}={value}")
        elif not found[-1][1]:
            lines[found[-1][0]] = f"{name}={value}"
    return "\n".join(lines) + "\n"
