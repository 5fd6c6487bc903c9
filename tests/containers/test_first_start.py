"""`docker compose up`, and nothing before it: from the clone of anybody, and what follows."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.containers.engine import Engine
from tests.containers.images import Images
from tests.containers.stack import Containers, copied_stack
from tests.servers.checkout import ROOT

pytestmark = [pytest.mark.containers]

_SOMEBODY = 4242


@pytest.fixture(scope="module")
def clone(engine: Engine, images: Images) -> Iterator[Containers]:
    """A clone as another user's Windows tools leave it: private, with line ends of their own."""
    with copied_stack(engine, images) as stack:
        for path in _tracked(stack.path):
            _turn(path)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{_SOMEBODY}:{_SOMEBODY}", stack.path], check=True)
        subprocess.run(["chmod", "-R", "go-rwx", stack.path], check=True)
        yield stack


def _tracked(copy: Path) -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    paths = [copy / name for name in names.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()] or list(copy.rglob("*.*"))


def _turn(path: Path) -> None:
    content = path.read_bytes()
    if b"\0" not in content and b"\r" not in content:
        path.write_bytes(content.replace(b"\n", b"\r\n"))


def _up(stack: Containers) -> None:
    done = stack.compose("up", "--wait")
    assert done.returncode == 0, done.stderr + stack.compose("logs", "setup").stdout


def _volumes(stack: Containers) -> list[str]:
    label = f"label=com.docker.compose.project={stack.project}"
    return stack.engine.output("volume", "ls", "--quiet", "--filter", label).split()


def _mounted_volumes(stack: Containers) -> list[str]:
    """Return the names of what is mounted; an image's own volume would have a number."""
    mounts = [mount for each in stack.containers().values() for mount in each["Mounts"]]
    return [mount["Name"] for mount in mounts if mount["Type"] == "volume"]


def _secrets(stack: Containers) -> str:
    """Return a fingerprint of all secrets that the API and Grafana have."""
    command = ["sh", "-c", "cat /etc/burnrate/secrets/* | sha256sum"]
    return "".join(stack.execute(part, *command).stdout for part in ("api", "postgres"))


def test_one_command_starts_it_all_and_down_and_up_keep_what_there_was(clone: Containers) -> None:
    """No .env, no folder made by hand; with `--volumes` nothing is left, not even a secret."""
    assert not (clone.path / ".env").exists()
    _up(clone)
    assert not (clone.path / ".burnrate").exists()
    created = httpx2.post(
        clone.url("nginx", "/users"), json={"name": "ada", "email": "ada@example.org"}
    )
    assert created.status_code == 201, created.text
    secrets, volumes = _secrets(clone), _volumes(clone)

    assert clone.compose("down").returncode == 0
    assert _volumes(clone) == volumes
    _up(clone)

    assert _secrets(clone) == secrets
    place = created.headers["location"]
    assert httpx2.get(clone.url("nginx", place)).json()["name"] == "ada"
    assert [each for each in _mounted_volumes(clone) if each not in volumes] == []
    _no_secret_is_seen(clone)
    assert clone.compose("down", "--volumes").returncode == 0
    assert _volumes(clone) == []


def _no_secret_is_seen(stack: Containers) -> None:
    """In no environment, no log, no command line and no image."""
    words = stack.execute("api", "sh", "-c", "cat /etc/burnrate/secrets/*").stdout
    passwords = [words[start : start + 43] for start in range(0, len(words), 43)]
    assert [len(password) for password in passwords] == [43, 43]
    described = stack.engine.output(
        "inspect", *(each["Id"] for each in stack.containers().values())
    )
    logs = stack.compose("logs", "--no-color").stdout
    image = stack.engine.output("image", "history", "--no-trunc", "burnrate:test")
    for password in passwords:
        assert password not in described + logs + image


def test_a_mistake_is_named_by_setup_and_what_runs_goes_on(clone: Containers) -> None:
    """`up` fails, its log has the line, and no container was replaced."""
    _up(clone)
    before = {name: each["Id"] for name, each in clone.containers().items()}
    (clone.path / "burnrate.yml").write_text("low_budget: 2\n", encoding="utf-8")

    done = clone.compose("up", "--wait")

    assert done.returncode != 0
    assert "burnrate.yml: low_budget: " in clone.compose("logs", "setup").stdout
    assert {name: each["Id"] for name, each in clone.containers().items()} == before
    assert httpx2.get(clone.url("nginx", "/health/ready")).status_code == 200
