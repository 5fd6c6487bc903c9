"""`burnrate new`: a repository of a team's own, as a whole or not at all."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from burnrate.configuration import load_configuration
from burnrate.pinned import RELEASED, find_repository, installed_version, is_repository
from burnrate.slo.specification import load_all
from burnrate.team.commands import new
from tests.servers.processes import ROOT

_SHOP = ("--service", "shop", "--target", "localhost:9000", "--team", "checkout")


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(new, arguments)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with a service."""
    folder = tmp_path_factory.mktemp("new") / "slos"
    done = _run(str(folder), *_SHOP)
    assert done.exit_code == 0, done.output
    return folder


def test_it_holds_what_is_the_teams_and_a_pin(repository: Path) -> None:
    """Nothing of the release but what Git does not see."""
    found = {path.relative_to(repository).as_posix() for path in repository.rglob("*.*")}
    assert {name for name in found if not name.startswith(".burnrate")} == {
        ".env.example",
        ".github",
        ".github/workflows/slo.yml",
        ".gitignore",
        "README.md",
        "burnrate.yml",
        "docker-compose.yml",
        "prometheus/slo/shop.settings.yml",
        "prometheus/slo/shop.yml",
        "prometheus/targets/shop.yml",
        "requirements.txt",
    }
    assert f"=={installed_version()}\n" in (repository / "requirements.txt").read_text()
    assert ".burnrate/" in (repository / ".gitignore").read_text().split()
    assert is_repository(repository)
    assert find_repository(repository / "prometheus/slo") == repository


def test_what_to_type_next_is_for_a_shell(tmp_path: Path) -> None:
    """Whatever the folder is called."""
    folder = tmp_path / "our slo's"
    done = _run(str(folder))
    assert done.exit_code == 0, done.output
    line = next(line for line in done.output.splitlines() if line.startswith("  cd "))
    assert shlex.split(line) == ["cd", str(folder)]


def test_make_up_is_what_messages_say(repository: Path) -> None:
    """A program in the repository's own virtual environment comes first."""
    for program in ("burnrate", ".venv/bin/burnrate"):
        command = ["make", "--no-print-directory", "--dry-run", "up"]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
        assert done.stdout == f"{program} stack up\n"
        (repository / ".venv/bin").mkdir(parents=True, exist_ok=True)
        (repository / ".venv/bin/burnrate").touch()
    shutil.rmtree(repository / ".venv")


def test_its_service_is_read_and_its_rules_are_laid_out(repository: Path) -> None:
    """With the label `team` on each alert."""
    (service,) = load_all(repository / "prometheus/slo", load_configuration(repository))
    assert [slo.name for slo in service.slos] == ["availability", "latency"]
    rules = repository / RELEASED / "prometheus/rules/slo-shop-availability.yml"
    groups = yaml.safe_load(rules.read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert alerts
    assert {rule["labels"]["team"] for rule in alerts} == {"checkout"}


def test_compose_includes_the_stack_as_it_is_laid_out(repository: Path) -> None:
    """Under the same project, so that a start by either finds the other's containers."""
    own = yaml.safe_load((repository / "docker-compose.yml").read_text())
    (included,) = own["include"]
    stack = yaml.safe_load((repository / included).read_text())
    assert (repository / included).parent == repository / RELEASED
    assert own["name"] == stack["name"]
    assert (repository / included).parent.joinpath(stack["services"]["setup"]["build"]["context"])
    for part in stack["services"].values():
        for source in part.get("x-files", {}).values():
            assert (repository / RELEASED / source).exists(), source


def test_its_workflow_takes_the_actions_that_ours_takes(repository: Path) -> None:
    """The bot moves ours alone."""
    used = re.compile(r"uses: (actions/\S+)")
    ours = used.findall((ROOT / ".github/workflows/ci.yml").read_text())
    theirs = used.findall((repository / ".github/workflows/slo.yml").read_text())
    assert theirs
    assert set(theirs) <= set(ours)


@contextmanager
def _nothing_is_left(folder: Path) -> Iterator[None]:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    yield
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_folder_that_is_not_empty_is_refused(repository: Path) -> None:
    """Such as one that `burnrate new` made."""
    with _nothing_is_left(repository.parent):
        done = _run(str(repository))
    assert done.exit_code == 1
    assert f"{repository} is not empty" in done.output


def test_a_file_and_a_folder_without_a_parent_are_refused(tmp_path: Path) -> None:
    """By name."""
    (tmp_path / "file").touch()
    with _nothing_is_left(tmp_path):
        for name, reason in {"file": "no folder", "none/below": "does not exist"}.items():
            done = _run(str(tmp_path / name))
            assert (done.exit_code, reason in done.output) == (1, True), done.output


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--service", "redis", "--target", "shop:9000"), "redis is a part of the stack"),
        (("--service", "shop"), "nothing says where the job shop is scraped"),
    ],
)
def test_a_service_that_is_refused_leaves_nothing(
    tmp_path: Path, options: tuple[str, ...], reason: str
) -> None:
    """Neither the folder nor what was written on the way; an empty folder stays."""
    (tmp_path / "empty").mkdir()
    with _nothing_is_left(tmp_path):
        done = _run(str(tmp_path / "empty"), *options)
    assert done.exit_code == 1
    assert reason in done.output


def test_options_of_a_service_need_one(tmp_path: Path) -> None:
    """A wrong use begins nothing."""
    done = _run(str(tmp_path / "slos"), "--team", "checkout")
    assert done.exit_code == 2
    assert not (tmp_path / "slos").exists()
