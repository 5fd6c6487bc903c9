"""What CI asks of the containers' tests: real images or none, and the stack that runs already."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.containers.engine import Engine, Unavailable
from tests.containers.images import make_images
from tests.containers.running import RunningContainers

_DESCRIBED = {
    "name": "elsewhere",
    "services": {
        "nginx": {"ports": [{"target": 8080, "published": "18080"}]},
        "redis": {},
    },
}


class _NoRegistry(Engine):
    """An engine that has nothing and can pull nothing but the image of nginx."""

    def docker(self, *words: str, **_: str) -> subprocess.CompletedProcess[str]:
        """Refuse."""
        is_there = words[0] == "pull" and words[-1].startswith("nginx:")
        return subprocess.CompletedProcess(words, 0 if is_there else 1, "", "no such host")


def test_an_image_that_cannot_be_pulled_is_named_and_not_stood_in_for() -> None:
    """The job that proves the real images must not be green because it had none."""
    engine = _NoRegistry(Path("docker.sock"), Path("config"))
    with pytest.raises(Unavailable, match="cannot be pulled: ") as refused:
        make_images(engine, are_real=True)
    assert "grafana/grafana:" in str(refused.value)
    assert " nginx:" not in str(refused.value)


def test_the_running_stack_is_the_one_that_compose_describes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its project and its published ports come from Compose, nothing is copied or started."""
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\necho '{json.dumps(_DESCRIBED)}'\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    stack = RunningContainers(Engine(Path("docker.sock"), Path("config")))
    assert stack.project == "elsewhere"
    assert stack.url("nginx", "/posts") == "http://127.0.0.1:18080/posts"
    assert stack.images.absent_parts() == {}
