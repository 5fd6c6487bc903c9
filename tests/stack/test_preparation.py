"""`burnrate stack init`."""

import os
import socket
import stat
from pathlib import Path

import pytest

from burnrate.stack.addresses import AddressMap
from burnrate.stack.compose import Compose
from burnrate.stack.layout import Layout
from burnrate.stack.preparation import make_state, write_env_file

UID = os.getuid() or 10001
GID = os.getgid() if os.getuid() else 10001


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty checkout."""
    return Layout(tmp_path, tmp_path / ".burnrate")


def test_the_first_env_file_is_the_example_with_the_users_ids(layout: Layout) -> None:
    """Containers run as the user, or as nobody's id where that would be root."""
    (layout.checkout / ".env.example").write_text("# ports\nNGINX_PORT=8080\n", encoding="utf-8")
    write_env_file(layout, {"DOCKER_SOCKET": "/nowhere"})
    text = layout.env_file.read_text(encoding="utf-8")
    assert text == f"# ports\nNGINX_PORT=8080\nBURNRATE_UID={UID}\nBURNRATE_GID={GID}\n"


def test_what_is_set_in_env_stays(layout: Layout) -> None:
    """Only what is missing or empty is filled in."""
    layout.env_file.write_text("export BURNRATE_UID=77\nBURNRATE_GID=\nX=1\n", encoding="utf-8")
    write_env_file(layout, {"DOCKER_SOCKET": "/nowhere"})
    text = layout.env_file.read_text(encoding="utf-8")
    assert text == f"export BURNRATE_UID=77\nBURNRATE_GID={GID}\nX=1\n"
    write_env_file(layout, {"DOCKER_SOCKET": "/nowhere"})
    assert layout.env_file.read_text(encoding="utf-8") == text


def test_the_docker_sockets_group_is_noted_where_there_is_one(layout: Layout) -> None:
    """The proxy needs it to open the socket."""
    path = layout.checkout / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        write_env_file(layout, {"DOCKER_SOCKET": str(path)})
    assert f"DOCKER_GID={path.stat().st_gid}\n" in layout.env_file.read_text(encoding="utf-8")


def test_state_has_secrets_and_a_private_folder_for_each_parts_data(layout: Layout) -> None:
    """What the compose file binds exists, so that no engine makes it as root."""
    compose = Compose.model_validate(
        {
            "services": {
                "db": {
                    "volumes": [
                        "./.burnrate/data/db:/var/lib/db",
                        "./conf:/etc/db:ro",
                        "./.burnrate/data:/host/data:ro",
                    ]
                }
            },
            "secrets": {"token": {"file": "./.burnrate/secrets/token"}},
        }
    )
    for _ in range(2):
        make_state(layout, compose, AddressMap())
        modes = {
            path.relative_to(layout.state).as_posix(): stat.S_IMODE(path.stat().st_mode)
            for path in layout.state.rglob("*")
        }
        assert modes == {
            "data": 0o755,
            "data/db": 0o700,
            "etc": 0o755,
            "logs": 0o700,
            "run": 0o755,
            "secrets": 0o700,
            "secrets/token": 0o600,
        }
