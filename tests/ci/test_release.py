"""A release: one version, notes from the changelog, and what is built is complete."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

_MADE = shutil.ignore_patterns("__pycache__")
_SHOP = "service: shop\nsource: burnrate\nobjectives: {availability: {objective: 99.9}}\n"


def _notes(root: Path, tag: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, root / ".ci/release_notes.py", tag],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one release behind it and one to be made."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/release_notes.py", tmp_path / ".ci")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## 1.1.0 - 2027-01-31\n\n### Added\n\n- A thing.\n\n"
        "## 1.0.0 - 2027-01-01\n\n- The first.\n"
    )
    return tmp_path


def test_notes_are_the_section_of_the_release(project: Path) -> None:
    """And of no older one."""
    done = _notes(project, "v1.1.0")
    assert (done.returncode, done.stdout) == (0, "### Added\n\n- A thing.\n")


@pytest.mark.parametrize(
    ("tag", "old", "new", "reason"),
    [
        ("v1.2.0", "", "", "the tag is 'v1.2.0', the version in pyproject.toml 1.1.0"),
        ("1.1.0", "", "", "the tag is '1.1.0'"),
        ("v1.1.0", "2027-01-31", "unreleased", "calls 1.1.0 unreleased: give it a date"),
        ("v1.1.0", "## 1.1.0", "## 1.0.9", "does not begin with a section for 1.1.0"),
        ("v1.1.0", "## 1.1.0 - 2027-01-31\n", "", "does not begin with a section for 1.1.0"),
    ],
)
def test_what_does_not_agree_is_not_released(
    project: Path, tag: str, old: str, new: str, reason: str
) -> None:
    """One line says what has to be changed."""
    changelog = project / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace(old, new, 1))
    done = _notes(project, tag)
    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_changelog_begins_with_this_version() -> None:
    """What is being made is what the package calls itself; it needs a date only to be released."""
    done = _notes(ROOT, f"v{_VERSION}")
    assert done.returncode == 0 or "give it a date" in done.stderr


def test_the_wheel_made_of_the_sdist_is_whole(tmp_path: Path) -> None:
    """The package with its types and settings is in both, and nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    for name in ["pyproject.toml", "README.md", "LICENSE", *included]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=_MADE)
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_nothing.py").touch()
    _build(tmp_path, "sdist")
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert not (unpacked / "tests").exists()
    _build(unpacked, "wheel")
    (wheel,) = (unpacked / "dist").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"burnrate/py.typed", "burnrate/burnrate.yml", "burnrate/cli.py"} <= names
    assert {name.partition("/")[0] for name in names} == {
        "burnrate",
        f"burnrate_stack-{_VERSION}.dist-info",
    }
    _does_alike(wheel, tmp_path)


def _does_alike(wheel: Path, folder: Path) -> None:
    """Check that the wheel alone exports, and lays out for a team, what the checkout does."""
    shutil.unpack_archive(wheel, folder / "installed", "zip")
    (folder / "shop.yml").write_text(_SHOP)
    exported: list[dict[str, bytes]] = []
    laid: list[dict[str, bytes]] = []
    for path in (folder / "installed", ROOT):
        out = folder / f"out{len(laid)}"
        values = ["--set", "namespace=blue,inbox=http://inbox.blue", str(out / "exported")]
        export = ["export", "--to", "prometheus-operator", "--slo", "shop.yml", *values]
        _run(path, folder, "from burnrate.command import main; main()", *export)
        code = "import sys; from pathlib import Path; from burnrate.pinned import laid_out; "
        _run(path, folder, f"{code} laid_out(Path(), Path(sys.argv[1]))", str(out / "laid"))
        exported.append(_texts(out / "exported"))
        laid.append(_texts(out / "laid"))
    assert len(exported[0]) > 25
    assert exported[0] == exported[1]
    assert {"docker-compose.yml", "alerting/inbox/main.py"} <= laid[0].keys()
    assert laid[0] == laid[1]


def _texts(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _run(path: Path, folder: Path, code: str, *arguments: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(path), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", code, *arguments]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def _build(folder: Path, target: str) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", target]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
