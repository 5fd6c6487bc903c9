"""A release: one version, notes from the changelog, and what is built is complete."""

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
    shutil.copytree(ROOT / "burnrate", tmp_path / "burnrate")
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "burnrate.yml"):
        shutil.copy(ROOT / name, tmp_path)
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
        f"burnrate-{_VERSION}.dist-info",
    }


def _build(folder: Path, target: str) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", target]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
