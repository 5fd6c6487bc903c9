"""The engine: what it says of itself, and what follows for the stack."""

import json
import sys
from pathlib import Path

import pytest

from burnrate.stack.containers.engine import engine_problem, engine_socket

# Stands in for the command, and answers by its own folder's files.
_DOCKER = """#!/bin/sh
here=$(dirname "$0")
case "$*" in
    "version "*) cat "$here/version" ;;
    "compose version "*) cat "$here/compose" ;;
    "context inspect "*) cat "$here/context" ;;
    "info "*) cat "$here/system" ;;
    *) exit 1 ;;
esac
"""
_DOCKER_VERSION = {"Client": {"Version": "28.5.2"}, "Server": {"Components": [{"Name": "Engine"}]}}
# As Podman 5.8 answers Docker's client, and Podman 4.3 as the command `docker`.
_PODMAN_VERSIONS = (
    {"Client": {"Version": "28.5.2"}, "Server": {"Components": [{"Name": "Podman Engine"}]}},
    {"Client": {"APIVersion": "4.3.1", "OsArch": "linux/amd64"}},
)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a docker command that works, on Linux."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(_DOCKER, encoding="utf-8")
    (folder / "docker").chmod(0o755)
    for name, text in {
        "version": json.dumps(_DOCKER_VERSION),
        "compose": "2.40.3-3",
        "context": "unix:///var/run/docker.sock",
        "system": "Debian GNU/Linux 13 (trixie)",
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(sys, "platform", "linux")
    return folder


def test_containers_need_an_engine_and_a_compose_that_knows_the_file(docker: Path) -> None:
    """Each reason is told apart, because each has another remedy."""
    assert engine_problem() is None
    (docker / "compose").write_text("2.4.1", encoding="utf-8")
    assert "2.4 is too old" in (engine_problem() or "")
    (docker / "compose").unlink()
    assert "docker compose (version 2) is not installed" in (engine_problem() or "")
    (docker / "version").unlink()
    assert engine_problem() == "no Docker engine answers"
    (docker / "docker").unlink()
    assert engine_problem() == "no Docker engine answers"


@pytest.mark.parametrize("version", _PODMAN_VERSIONS)
def test_podman_is_refused_with_the_reason(docker: Path, version: dict[str, object]) -> None:
    """Before anything is built or started, in one line."""
    (docker / "version").write_text(json.dumps(version), encoding="utf-8")
    problem = engine_problem() or ""
    assert problem.startswith("the engine is Podman, which ")
    assert "\n" not in problem


def test_an_engine_on_another_machine_is_refused_with_its_address(docker: Path) -> None:
    """It would be given the path of a checkout that it does not have."""
    (docker / "context").write_text("ssh://deploy@example.org", encoding="utf-8")
    assert "on another machine (ssh://deploy@example.org)" in (engine_problem() or "")


@pytest.mark.parametrize(
    ("context", "socket"),
    [
        ("unix:///var/run/docker.sock", "/var/run/docker.sock"),
        ("unix:///run/user/1000/docker.sock", "/run/user/1000/docker.sock"),
        ("tcp://docker:2376", "/var/run/docker.sock"),
        ("npipe:////./pipe/docker_engine", "/var/run/docker.sock"),
    ],
)
def test_the_socket_is_the_one_that_the_engine_is_asked_by(
    docker: Path, context: str, socket: str
) -> None:
    """A rootless engine has its own; where that is no path here, the usual one is meant."""
    (docker / "context").write_text(context, encoding="utf-8")
    assert engine_socket({}) == socket
    (docker / "context").unlink()
    assert engine_socket({}) == "/var/run/docker.sock"


def test_the_users_own_socket_counts_most(docker: Path) -> None:
    """Whatever the engine says; an empty value is no choice."""
    (docker / "context").write_text("unix:///run/user/1000/docker.sock", encoding="utf-8")
    assert engine_socket({"DOCKER_SOCKET": "/elsewhere"}) == "/elsewhere"
    assert engine_socket({"DOCKER_SOCKET": ""}) == "/run/user/1000/docker.sock"


@pytest.mark.parametrize(
    ("platform", "system"), [("linux", "Docker Desktop"), ("darwin", "Ubuntu 24.04.3 LTS")]
)
def test_a_virtual_machine_has_its_socket_where_all_have_it(
    docker: Path, monkeypatch: pytest.MonkeyPatch, platform: str, system: str
) -> None:
    """Docker Desktop's, Colima's: the path outside means nothing inside, where mounts are made."""
    (docker / "context").write_text("unix:///Users/me/.docker/run/docker.sock", encoding="utf-8")
    (docker / "system").write_text(system, encoding="utf-8")
    monkeypatch.setattr(sys, "platform", platform)
    assert engine_socket({}) == "/var/run/docker.sock"
