"""Each version is the same wherever it stands, and the bot that moves versions finds it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
_EXAMPLE = (ROOT / ".env.example").read_text()
_COMPOSE = (ROOT / "docker-compose.yml").read_text()
_DOCKERFILE = (ROOT / "api/Dockerfile").read_text()
# `${NAME_IMAGE:-name:tag}`, `#NAME_IMAGE=name:tag`, `ARG NAME_IMAGE=name:tag`
_DEFAULTS = re.compile(r"\$\{([A-Z_]+_IMAGE):-([^}]+)\}")
_EXAMPLES = re.compile(r"^#([A-Z_]+_IMAGE)=(\S+)$", re.MULTILINE)
_ARGUMENTS = re.compile(r"^ARG ([A-Z_]+_IMAGE)=(\S+)$", re.MULTILINE)
_PINNED = re.compile(r"[a-z0-9./_-]+:v?\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?")
_REQUIREMENT = re.compile(r"^[a-z0-9-]+==[\w.]+ \\\n +--hash=", re.MULTILINE)
_OWN = "BURNRATE_IMAGE"


def _renovate() -> dict[str, Any]:
    """Read renovate.json5: without its comments it is a flow mapping of YAML as well."""
    lines = (ROOT / "renovate.json5").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("//"))
    found: dict[str, Any] = yaml.safe_load(text)
    return found


_RENOVATE = _renovate()


def test_an_image_has_one_tag_everywhere() -> None:
    """What docker-compose.yml takes is what .env.example shows and the Dockerfile assumes."""
    defaults = set(_DEFAULTS.findall(_COMPOSE))
    assert len({name for name, _ in defaults}) == len(defaults)
    assert defaults == set(_EXAMPLES.findall(_EXAMPLE))
    assert set(_ARGUMENTS.findall(_DOCKERFILE)) <= defaults


def test_every_image_is_pinned() -> None:
    """To a version at least of two numbers: no `latest`, no major alone."""
    images = {image for name, image in _DEFAULTS.findall(_COMPOSE) if name != _OWN}
    assert len(images) >= 14
    assert [image for image in images if not _PINNED.fullmatch(image)] == []


def test_every_image_is_one_that_the_bot_moves() -> None:
    """What its manager for Compose skips is found by expressions."""
    patterns = [
        re.compile(pattern.replace("(?<", "(?P<"))
        for manager in _RENOVATE["customManagers"]
        if manager["datasourceTemplate"] == "docker"
        for pattern in manager["matchStrings"]
    ]
    found = {
        f"{match['depName']}:{match['currentValue']}"
        for pattern in patterns
        for match in pattern.finditer(_EXAMPLE)
    }
    assert found == {image for _, image in _EXAMPLES.findall(_EXAMPLE)}
    argument = re.search(r"^.*PYTHON_IMAGE: .*$", _COMPOSE, re.MULTILINE)
    assert argument
    assert any(pattern.search(argument.group()) for pattern in patterns)
    services = yaml.safe_load(_COMPOSE)["services"].values()
    others = [each["image"] for each in services if "build" not in each]
    # As its manager reads a default behind a variable.
    skipped = [image for image in others if not re.fullmatch(r"\$\{.+?:-[^$]+\}", image)]
    assert [image for image in skipped if _OWN not in image] == []


def test_every_tool_with_a_version_is_one_that_the_bot_moves() -> None:
    """In scripts and workflows."""
    patterns = [
        re.compile(pattern.replace("(?<", "(?P<"))
        for manager in _RENOVATE["customManagers"]
        if manager["datasourceTemplate"] != "docker"
        for pattern in manager["matchStrings"]
    ]
    folders = (ROOT / ".ci", ROOT / ".github/workflows")
    text = "\n".join(path.read_text() for folder in folders for path in folder.iterdir())
    named = re.findall(r"go install \S+@\S+|tool run --quiet \S+", text)
    assert len(named) >= 4
    assert [name for name in named if not any(each.search(name) for each in patterns)] == []


def test_every_file_of_packages_is_one_that_the_bot_moves() -> None:
    """Those of tests too, which its preset leaves out."""
    found = [
        path.relative_to(ROOT)
        for folder in ("requirements", "bench", "tests")
        for path in (ROOT / folder).rglob("*")
        if "node_modules" not in path.parts
    ]
    files = [
        path
        for path in found
        if path.suffix == ".txt" and _REQUIREMENT.search((ROOT / path).read_text())
    ]
    assert len(files) >= 8
    patterns = [
        pattern.strip("/")
        for manager in ("pip-compile", "pip_requirements")
        for pattern in _RENOVATE[manager]["managerFilePatterns"]
    ]
    missed = [path for path in files if not any(re.search(each, str(path)) for each in patterns)]
    assert missed == []
    ignored = _RENOVATE["ignorePaths"]
    manifests = [path for path in found if path.name == "package.json"]
    assert len(manifests) >= 2
    left_out = [path for path in (*files, *manifests) if any(path.match(each) for each in ignored)]
    assert left_out == []
    assert not any("tests/**" in each for each in ignored)


def test_the_bot_pins_digests_and_groups_by_kind() -> None:
    """Once a month."""
    assert _RENOVATE["pinDigests"] is True
    assert "schedule:monthly" in _RENOVATE["extends"]
    managers = {"docker-compose", "dockerfile", "github-actions", "pip-compile", "custom.regex"}
    assert managers <= set(_RENOVATE["enabledManagers"])
    assert {rule.get("groupName") for rule in _RENOVATE["packageRules"]} >= {
        "images",
        "workflows",
        "python packages",
    }


@pytest.mark.parametrize("name", ["service", "run", "dev"])
def test_a_locked_file_says_how_it_is_made(name: str) -> None:
    """With options that the bot takes, their values behind an equals sign."""
    first, second = (ROOT / f"requirements/{name}.txt").read_text().splitlines()[:2]
    assert first.startswith("# This file was autogenerated by uv")
    command = second.removeprefix("#    ").split()
    assert command[:3] == ["uv", "pip", "compile"]
    options = {word.partition("=")[0] for word in command if word.startswith("-")}
    assert options <= {
        "--universal", "--python-version", "--generate-hashes", "--prerelease", "--extra",
        "--group", "--constraint", "--output-file",
    }  # fmt: skip
    assert f"--output-file=requirements/{name}.txt" in command
    assert "pyproject.toml" in command
    (manager,) = _RENOVATE["pip-compile"]["managerFilePatterns"]
    assert re.search(manager.strip("/"), f"requirements/{name}.txt")
