"""The engine that answers here, or one that runs for the tests' time."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.containers.engine import Engine, Unavailable, ensure_program
from tests.containers.newest import Programs, newest_programs
from tests.support.waiting import wait_until

# Debian's packages of this machine's release, and of its newest suite.
KINDS = ("installed", "newest")
_STOP_SECONDS = 60


@contextmanager
def running_engine(kind: str, cache: Path) -> Iterator[Engine]:
    """Find an engine or start one for a block.

    Args:
        kind: One of KINDS.
        cache: Keeps what takes long to make.

    Raises:
        Unavailable: There is none, and none can be started.
    """
    if (found := _answering(cache)) is not None:
        if kind != "installed":
            raise Unavailable("an engine answers already, and a second would be in its way")
        yield found
        return
    if os.geteuid() != 0:
        raise Unavailable("no Docker engine answers, and only root can start one")
    with _locked(cache / "lock"), tempfile.TemporaryDirectory(prefix="burnrate-engine-") as run:
        home = cache if kind == "installed" else cache / kind
        home.mkdir(exist_ok=True)
        programs = _installed_programs() if kind == "installed" else newest_programs(home)
        socket = Path(run) / "docker.sock"
        variables = {"DOCKER_HOST": f"unix://{socket}", "DOCKER_CONFIG": str(home / "config")}
        engine = Engine(socket, home / "config", {**programs.variables, **variables})
        with _daemon(engine, programs, home, Path(run)):
            yield engine


def _answering(cache: Path) -> Engine | None:
    socket = Path(os.environ.get("DOCKER_HOST", "/var/run/docker.sock").removeprefix("unix://"))
    found = Engine(socket, cache / "config")
    if shutil.which("docker") is None or found.docker("version").returncode != 0:
        return None
    # Its user's configuration, which may hold what a registry asks for.
    own_config = {"DOCKER_CONFIG": str(found.config)}
    return found if found.has_compose() else Engine(socket, found.config, own_config)


def _installed_programs() -> Programs:
    ensure_program("dockerd", "docker.io")
    ensure_program("docker", "docker-cli")  # a package of its own since Debian 13
    return Programs(["dockerd"], {})


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait until no other run uses the cache."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _daemon(engine: Engine, programs: Programs, home: Path, run: Path) -> Iterator[None]:
    pid_file, log_file = home / "dockerd.pid", home / "dockerd.log"
    _end_leftover(pid_file)
    had_bridge = _bridge().exists()
    folders = ["--data-root", str(home / "engine"), "--exec-root", str(run / "exec")]
    options = ["--host", f"unix://{engine.socket}", "--pidfile", str(pid_file), *folders]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*programs.dockerd, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_it_answers(engine, process, log_file)
        _remove_leftovers(engine)
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


def _remove_leftovers(engine: Engine) -> None:
    """Remove what a run that was killed left, and images that newer ones replaced."""
    if ids := engine.output("ps", "--all", "--quiet").split():
        engine.output("rm", "--force", "--volumes", *ids)
    if names := engine.output("volume", "ls", "--quiet").split():
        engine.output("volume", "rm", *names)
    for kind in ("network", "image"):
        engine.output(kind, "prune", "--force")
