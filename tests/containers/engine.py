"""A Docker engine that answers, and how to ask it."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from burnrate.stack import Packages, StackError, SystemRunner


class Unavailable(Exception):
    """Why the stack cannot be run as containers on this machine."""


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answers, and how to ask it."""

    socket: Path
    config: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which `docker` and `docker compose` speak to this engine."""
        return {**os.environ, **self.variables}

    def docker(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a `docker` command."""
        return subprocess.run(
            ["docker", *words],
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def output(self, *words: str, **variables: str) -> str:
        """Return what a `docker` command prints; it must succeed."""
        done = self.docker(*words, **variables)
        assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr[-4_000:]}"
        return done.stdout.strip()

    def has_image(self, name: str) -> bool:
        """Tell whether an image is there."""
        return self.docker("image", "inspect", name).returncode == 0

    def has_compose(self) -> bool:
        """Tell whether `docker compose` is there."""
        return self.docker("compose", "version").returncode == 0

    def inspect(self, *containers: str) -> list[dict[str, Any]]:
        """Return the engine's own description of containers."""
        found: list[dict[str, Any]] = json.loads(self.output("inspect", *containers))
        return found


def cache_folder() -> Path:
    """Return where what takes long to make outlives a run: images, and Compose itself."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "burnrate/containers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def ensure_program(name: str, package: str) -> None:
    """Install a program that is missing; raises Unavailable where that is not ours to do."""
    if shutil.which(name) is None:
        try:
            Packages(SystemRunner(), uid=os.geteuid()).install([package])
        except StackError as error:
            raise Unavailable(str(error)) from error
