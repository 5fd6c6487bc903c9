"""Debian's packages, unpacked into root file systems: what stand-ins are made of."""

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
# nginx of the stable release does not follow names yet (`resolve`), as the real image's does.
_NGINX_SUITE = "sid"
_NGINX_PACKAGES = (
    "base-files",
    "base-passwd",
    "bash",
    "busybox",
    "coreutils",
    "curl",
    "dash",
    "libc-bin",
    "libnginx-mod-http-js",
    "nginx",
    "sed",
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


def _tag(suite: str, packages: Sequence[str]) -> str:
    return hashlib.sha256(" ".join((suite, *packages, *_LEFT_OUT)).encode()).hexdigest()[:12]


ROOT_IMAGE = f"burnrate-stand-in/root:{_tag(_SUITE, _PACKAGES)}"
NGINX_ROOT_IMAGE = f"burnrate-stand-in/nginx-root:{_tag(_NGINX_SUITE, _NGINX_PACKAGES)}"


def make_root_images(engine: Engine) -> None:
    """Import the root file systems as images, unless they are there."""
    if not engine.has_image(ROOT_IMAGE):
        with unpacked(_PACKAGES) as root:
            _install_compose(root, engine)
            _import(engine, root, ROOT_IMAGE)
    if not engine.has_image(NGINX_ROOT_IMAGE):
        with unpacked(_NGINX_PACKAGES, _NGINX_SUITE) as root:
            _import(engine, root, NGINX_ROOT_IMAGE)


def _import(engine: Engine, root: Path, image: str) -> None:
    excluded = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
    with subprocess.Popen(
        ["tar", "--create", "--directory", str(root), *excluded, "."], stdout=subprocess.PIPE
    ) as tar:
        subprocess.run(
            ["docker", "import", "-", image],
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
