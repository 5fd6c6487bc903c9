"""The workflows: what they run exists, they may do little, and none runs for ever."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
_FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
_WORKFLOWS: dict[str, dict[Any, Any]] = {
    file.stem: yaml.safe_load(file.read_text()) for file in _FILES
}
_TARGET = re.compile(r"^([a-z-]+):(?!=)", re.MULTILINE)
_TARGETS = frozenset(_TARGET.findall((ROOT / "Makefile").read_text()))
# More than reading, and what for.
_GRANTS = {
    ("release", "image"): {"contents": "read", "packages": "write"},
    ("release", "pypi"): {"id-token": "write"},
    ("release", "notes"): {"contents": "write"},
}

every_workflow = pytest.mark.parametrize("name", _WORKFLOWS)


def _jobs(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = _WORKFLOWS[name]["jobs"]
    return found


def _steps() -> Iterator[dict[str, Any]]:
    for name in _WORKFLOWS:
        for job in _jobs(name).values():
            yield from job["steps"]


def _made(line: str) -> list[str]:
    """Return the make targets that a line of a shell script asks for."""
    words = shlex.split(line.partition(">")[0])
    words = words[1:] if words[:1] == ["sudo"] else words
    if words[:1] != ["make"]:
        return []
    return [word for word in words[1:] if "=" not in word and not word.startswith("-")]


def test_every_make_target_exists() -> None:
    """A workflow runs what a person at the desk runs."""
    lines = [line.strip() for step in _steps() for line in step.get("run", "").splitlines()]
    targets = [target for line in lines for target in _made(line)]
    assert {"lint", "lint-workflows", "test", "test-stack", "smoke", "dist"} <= set(targets)
    assert [target for target in targets if target not in _TARGETS] == []


def test_a_target_that_is_not_there_is_seen() -> None:
    """Behind sudo, between options and variables."""
    assert _made('sudo make --silent test-stack A=1 PYTHON="$(command -v python)" > x') == [
        "test-stack"
    ]
    assert "no-such-target" not in _TARGETS


@every_workflow
def test_a_job_may_do_no_more_than_its_list_says(name: str) -> None:
    """By default it reads; writing and identity are granted to the one job that needs them."""
    assert _WORKFLOWS[name]["permissions"] in ({}, {"contents": "read"})
    for job, described in _jobs(name).items():
        granted = described.get("permissions", {"contents": "read"})
        assert granted == _GRANTS.get((name, job), {"contents": "read"}), job


@every_workflow
def test_nothing_runs_for_ever_or_twice(name: str) -> None:
    """Each job has a time-out, and of one branch one run is enough."""
    assert _WORKFLOWS[name]["concurrency"]["group"]
    assert [job for job, each in _jobs(name).items() if "timeout-minutes" not in each] == []


def test_actions_are_pinned_and_leave_no_token_behind() -> None:
    """By a major version or a commit, never by a branch that anybody's next commit moves."""
    for step in _steps():
        # Our own is at the commit that runs.
        if "uses" not in step or step["uses"].startswith("./"):
            continue
        action, _, version = step["uses"].partition("@")
        assert re.fullmatch(r"v\d+(\.\d+)*|[0-9a-f]{40}|release/v\d+", version), step["uses"]
        if action == "actions/checkout":
            assert step["with"]["persist-credentials"] is False


def test_nothing_is_published_by_a_stored_secret() -> None:
    """PyPI trusts the workflow itself; the image's registry the run's own token."""
    text = (ROOT / ".github/workflows/release.yml").read_text()
    assert set(re.findall(r"secrets\.(\w+)", text)) == {"GITHUB_TOKEN"}
    assert _jobs("release")["pypi"]["environment"] == "pypi"


def test_actionlint_has_nothing_to_say() -> None:
    """`make lint-workflows` says which program is missing where it is."""
    done = subprocess.run(
        [ROOT / ".ci/lint-workflows"], capture_output=True, text=True, check=False
    )
    if done.returncode == 3:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_missing_actionlint_is_named(tmp_path: Path) -> None:
    """With the command that installs it; nothing is called checked that was not."""
    for program in ("dirname", "sh"):
        (tmp_path / program).symlink_to(shutil.which(program) or program)
    done = subprocess.run(
        [ROOT / ".ci/lint-workflows"],
        env={**os.environ, "PATH": str(tmp_path), "GOBIN": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "actionlint is missing" in done.stderr
    assert "go install" in done.stderr
