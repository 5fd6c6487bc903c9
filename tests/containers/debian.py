"""Debian's packages, unpacked into one root file system: what stand-ins are made of."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.containers.engine import Engine, Unavailable, ensure_program

# The stable release whose PostgreSQL and Python are the real images'.
_SUITE = "trixie"
_PACKAGES = (
    "base-files",
    "bash",
    "busybox",
    "ca-certificates",
    "coreutils",
    "curl",
    "dash",
    "debianutils",
    "docker-compose",
    "findutils",
    "grep",
    "libc-bin",
    "libnginx-mod-http-js",
    "libnss-wrapper",
    "nginx",
    "postgresql-17",
    "prometheus",
    "prometheus-alertmanager",
    "prometheus-nginx-exporter",
    "prometheus-node-exporter",
    "prometheus-postgres-exporter",
    "prometheus-redis-exporter",
    "python3.13-venv",
    "redis-server",
    "sed",
    "tar",
    "util-linux",
)
# A mirror may be behind; what it has is still signed.
_ANY_AGE = '--aptopt=Acquire::Check-Valid-Until "false"'
_COMPOSE = "usr/libexec/docker/cli-plugins/docker-compose"
# Half of it, and nothing that a stand-in runs: llvm is PostgreSQL's compiler, which stays unused.
_LEFT_OUT = (
    "./usr/lib/*/libLLVM*",
    "./usr/lib/*/libz3*",
    "./usr/lib/*/perl*",
    "./usr/lib/postgresql/*/lib/bitcode",
    "./usr/lib/systemd",
    "./usr/libexec/docker",
    "./usr/share/doc",
    "./usr/share/i18n",
    "./usr/share/javascript",
    "./usr/share/locale",
    "./usr/share/man",
    "./usr/share/perl",
)
_DIGEST = hashlib.sha256(" ".join((_SUITE, *_PACKAGES, *_LEFT_OUT)).encode()).hexdigest()
ROOT_IMAGE = f"burnrate-stand-in/root:{_DIGEST[:12]}"


def make_root_image(engine: Engine) -> None:
    """Import the root file system as an image, unless it is there."""
    if engine.has_image(ROOT_IMAGE):
        return
    with unpacked(_PACKAGES) as root:
        _install_compose(root, engine)
        excluded = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
        with subprocess.Popen(
            ["tar", "--create", "--directory", str(root), *excluded, "."], stdout=subprocess.PIPE
        ) as tar:
            subprocess.run(
                ["docker", "import", "-", ROOT_IMAGE],
                env=engine.environment,
                stdin=tar.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )
        assert tar.returncode == 0


def ensure_compose(engine: Engine) -> None:
    """Make sure that `docker compose` works."""
    if not engine.has_compose():
        with unpacked(["docker-compose"]) as root:
            _install_compose(root, engine)


def _install_compose(root: Path, engine: Engine) -> None:
    plugins = engine.config / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    shutil.copy2(root / _COMPOSE, plugins)


@contextmanager
def unpacked(packages: Sequence[str], suite: str = _SUITE) -> Iterator[Path]:
    """Unpack packages with all they need, and configure none: no script of a package runs."""
    ensure_program("mmdebstrap", "mmdebstrap")
    with tempfile.TemporaryDirectory(prefix="burnrate-root-") as folder:
        root = Path(folder) / "root"
        include = f"--include={','.join(packages)}"
        options = ["--variant=extract", "--format=directory", include, _ANY_AGE]
        done = subprocess.run(
            ["mmdebstrap", *options, suite, str(root)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            errors = [line for line in done.stderr.splitlines() if line.startswith("E:")]
            raise Unavailable(f"mmdebstrap: {' '.join(errors[:1]) or done.stderr[-500:]}")
        yield root
