"""What a reload asks of Docker, and what is made of its answers."""

from pathlib import Path

import pytest

from burnrate.stack.compose import Compose
from burnrate.stack.containers.compose_command import ComposeCommand
from burnrate.stack.containers.host import ContainerHost
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout

# Stands in for the command: notes its arguments and answers.
DOCKER = """#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
case "$*" in
    *" --step stage"*) echo "a line for people"; echo '{"nginx": ["nginx.conf"]}' ;;
    *" --step take"*) echo "first" >&2; echo "burnrate: the volume is gone" >&2; exit 1 ;;
    *" config --hash "*) printf 'nginx one\\napi new\\n' ;;
    "ps --filter "*) printf 'nginx one\\napi old\\nleft two\\n' ;;
    *" exec -T --user 101:101 nginx nginx -t") echo "out"; echo "err" >&2; exit 1 ;;
    *" exec -T nginx cat "*) echo "12 13" ;;
    *" kill "*) echo "no container" >&2; exit 1 ;;
esac
"""
SERVICES = {
    "setup": {"command": ["burnrate", "stack", "setup", "/volumes"]},
    "nginx": {"command": ["nginx", "-c", "x"]},
    "loki": {"command": ["-config.file=x"]},
    "redis-exporter": {},
}


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ContainerHost:
    """Containers of a Docker that works."""
    (tmp_path / "docker").write_text(DOCKER, encoding="utf-8")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    layout = Layout(tmp_path, tmp_path / ".burnrate")
    command = ComposeCommand(layout, {"DOCKER_SOCKET": "/run/docker.sock"}, lambda _line: None)
    return ContainerHost(
        command, Compose.model_validate({"services": SERVICES}), lambda _part: None
    )


def _calls(tmp_path: Path) -> list[str]:
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    return [call.partition("--project-directory ")[2].partition(" ")[2] for call in calls]


def test_setup_does_each_step(host: ContainerHost, tmp_path: Path) -> None:
    """With the command of the compose file; why it fails is its last line."""
    assert host.stage(["nginx"]) == {"nginx": ["nginx.conf"]}
    setup = "run --rm --no-deps -T setup burnrate stack setup /volumes"
    assert _calls(tmp_path) == [f"{setup} --step stage nginx"]
    with pytest.raises(StackError, match=r"^setup: the volume is gone$"):
        host.take(["nginx"])
    host.take([])
    host.put_back([])
    assert len(_calls(tmp_path)) == 2


def test_what_compose_would_make_anew_is_outdated(host: ContainerHost) -> None:
    """By its own fingerprints; a container that the file has no more is not ours to judge."""
    assert host.outdated() == {"api"}


def test_arguments_are_those_behind_the_program(host: ContainerHost) -> None:
    """Which most images have as their entry point."""
    found = {part: list(host.arguments(part)) for part in ("nginx", "loki", "redis-exporter")}
    assert found == {"nginx": ["-c", "x"], "loki": ["-config.file=x"], "redis-exporter": []}


def test_a_program_runs_in_the_container_as_whom_it_must(host: ContainerHost) -> None:
    """All that it prints is kept; processes are found by the container's own ids."""
    done = host.execute("nginx", ["nginx", "-t"], "101:101")
    assert (done.is_success, done.text) == (False, "out\nerr\n")
    assert host.workers("nginx") == {12, 13}
    with pytest.raises(StackError, match="nginx: no container"):
        host.signal("nginx")
