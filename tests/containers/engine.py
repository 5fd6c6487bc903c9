"""A Docker engine for the tests: the one that answers here, or one of their own for their time."""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from burnrate.stack import Packages, StackError, SystemRunner
from tests.support.waiting import wait_until

_STOP_SECONDS = 60


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


@contextmanager
def running_engine(cache: Path) -> Iterator[Engine]:
    """Find an engine or start one for a block; raises Unavailable."""
    socket = Path(os.environ.get("DOCKER_HOST", "/var/run/docker.sock").removeprefix("unix://"))
    own_config = {"DOCKER_CONFIG": str(cache / "config")}
    found = Engine(socket, cache / "config")
    if shutil.which("docker") and found.docker("version").returncode == 0:
        # Its user's configuration, which may hold what a registry asks for.
        yield found if found.has_compose() else Engine(socket, found.config, own_config)
        return
    if os.geteuid() != 0:
        raise Unavailable("no Docker engine answers, and only root can start one")
    ensure_program("dockerd", "docker.io")
    ensure_program("docker", "docker-cli")  # a package of its own since Debian 13
    with _locked(cache / "lock"), tempfile.TemporaryDirectory(prefix="burnrate-engine-") as run:
        socket = Path(run) / "docker.sock"
        variables = {"DOCKER_HOST": f"unix://{socket}", **own_config}
        engine = Engine(socket, cache / "config", variables)
        with _daemon(engine, cache, Path(run)):
            yield engine


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait until no other run uses the cache."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _daemon(engine: Engine, cache: Path, run: Path) -> Iterator[None]:
    pid_file = cache / "dockerd.pid"
    _end_leftover(pid_file)
    had_bridge = _bridge().exists()
    folders = ["--data-root", str(cache / "engine"), "--exec-root", str(run / "exec")]
    with (cache / "dockerd.log").open("wb") as log:
        process = subprocess.Popen(
            ["dockerd", "--host", f"unix://{engine.socket}", "--pidfile", str(pid_file), *folders],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_it_answers(engine, process, cache / "dockerd.log")
        _remove_containers(engine)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if not had_bridge and _bridge().exists():
            subprocess.run(["ip", "link", "delete", "docker0"], check=False)


def _bridge() -> Path:
    return Path("/sys/class/net/docker0")


def _wait_until_it_answers(engine: Engine, process: subprocess.Popen[bytes], log: Path) -> None:
    def is_answering() -> bool:
        assert process.poll() is None
        return engine.docker("version").returncode == 0

    try:
        wait_until(is_answering)
    except AssertionError as error:
        last = log.read_text(errors="replace").splitlines()[-1:]
        raise Unavailable(f"dockerd does not start here: {' '.join(last)}") from error


def _end_leftover(pid_file: Path) -> None:
    """End the engine of a run that was killed: its containers would come back."""
    with suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int(pid_file.read_text()))
        if process.name() == "dockerd" and str(pid_file) in process.cmdline():
            process.terminate()
            process.wait(_STOP_SECONDS)


def _remove_containers(engine: Engine) -> None:
    if ids := engine.output("ps", "--all", "--quiet").split():
        engine.output("rm", "--force", "--volumes", *ids)
    engine.output("network", "prune", "--force")
