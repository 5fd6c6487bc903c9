"""A change of services that is killed half-way is undone by the next command, or said."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from burnrate.cli import command_line
from burnrate.pinned import RELEASED
from burnrate.service import undoing
from burnrate.service.change import changed
from burnrate.service.errors import ServiceError
from burnrate.service.undoing import Step, note, put_back, undone
from tests.servers.checkout import ROOT
from tests.support.copies import others

_NOTE = ".burnrate/service-change.json"
_SLO = Path("prometheus/slo/shop.yml")
_TARGETS = Path("prometheus/targets/shop.yml")
_RULES = Path("prometheus/rules/slo-shop.yml")
_ADDED = {_SLO: "slo\n", _TARGETS: "targets\n", _RULES: "rules\n"}
# Of the process' own writes of files, the one before whose last step it is killed.
_KILLED = """
import json, os, pathlib, signal, sys
from burnrate.service.change import changed

folder, files, last = json.loads(sys.argv[1])
left = [last]

def until_killed(method):
    def counted(self, *arguments, **options):
        if "service-change" not in str(self):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return method(self, *arguments, **options)
    return counted

for name in ("replace", "unlink"):
    setattr(pathlib.Path, name, until_killed(getattr(pathlib.Path, name)))
with changed(pathlib.Path(folder), {pathlib.Path(path): text for path, text in files.items()}):
    pass
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with those of the files."""
    for path in _ADDED:
        (tmp_path / path).parent.mkdir(parents=True)
    return tmp_path


def _texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _kill(folder: Path, files: Mapping[Path, str | None], after: int) -> None:
    given = [str(folder), {str(path): text for path, text in files.items()}, after]
    done = subprocess.run([sys.executable, "-c", _KILLED, json.dumps(given)], check=False)
    assert done.returncode == -9


@pytest.mark.parametrize("after", range(3))
@pytest.mark.parametrize("is_added", [True, False], ids=["added", "removed"])
def test_what_was_killed_is_undone(is_added: bool, after: int, checkout: Path) -> None:
    """At each of its files, also the half of one that was being written."""
    files: Mapping[Path, str | None] = _ADDED
    if not is_added:
        with changed(checkout, _ADDED):
            pass
        files = dict.fromkeys(_ADDED)
    before = _texts(checkout)
    _kill(checkout, files, after)
    assert (checkout / _NOTE).is_file()

    said = undone(checkout)

    assert _texts(checkout) == before
    assert (said is None) == (after == 0)
    assert undone(checkout) is None


def test_a_teams_own_files_and_the_tree_go_back_together(tmp_path: Path) -> None:
    """Nothing of the tree says afterwards that there is more than in the repository."""
    tree = tmp_path / RELEASED
    for folder in (tmp_path, tree):
        (folder / _SLO).parent.mkdir(parents=True)
    _kill(tree, {_SLO: "slo\n"}, 1)
    assert (tree / _SLO).is_file()
    assert not (tmp_path / _SLO).exists()

    assert undone(tmp_path)

    assert _texts(tmp_path) == {}


def test_what_is_complete_stays(checkout: Path) -> None:
    """It was killed while Prometheus was asked."""
    note(checkout, [Step(_SLO.as_posix(), None, "slo\n")])
    (checkout / _SLO).write_text("slo\n")
    assert undone(checkout) is None
    assert _texts(checkout) == {_SLO.as_posix(): "slo\n"}


def test_what_somebody_has_changed_since_is_left_alone(checkout: Path) -> None:
    """A text of theirs is not put back to an old one."""
    _kill(checkout, _ADDED, 2)
    (checkout / _SLO).write_text("mine\n")
    assert "somebody has changed prometheus/slo/shop.yml since" in (undone(checkout) or "")
    assert (checkout / _SLO).read_text() == "mine\n"
    assert undone(checkout) is None


def test_what_cannot_be_put_back_now_is_later(checkout: Path) -> None:
    """On a full disk, the rest is put back all the same; the next command tries again."""
    steps = [Step("gone/a.yml", "a\n", None), Step("b.yml", "b\n", None), Step("c.yml", None, "c")]
    note(checkout, steps)
    (checkout / "c.yml").write_text("c")
    (checkout / "gone").touch()
    with pytest.raises(OSError, match="gone"):
        put_back(checkout, steps)
    assert (checkout / "b.yml").is_file()
    assert not (checkout / "c.yml").exists()
    (checkout / "gone").unlink()
    assert "undone" in (undone(checkout) or "")
    assert (checkout / "gone/a.yml").read_text() == "a\n"
    assert not (checkout / _NOTE).exists()


def test_a_note_that_cannot_be_read_is_named(checkout: Path) -> None:
    """Nobody guesses what it said."""
    note(checkout, [])
    (checkout / _NOTE).write_text("[")
    with pytest.raises(ServiceError, match=r"service-change\.json: cannot be read"):
        undone(checkout)


def test_commands_undo_it_before_they_read_anything(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings whose specification was removed already would be refused; a second removal works."""
    for name in ("prometheus", "loki"):
        shutil.copytree(ROOT / name, checkout / name, ignore=others, dirs_exist_ok=True)
    for name in ("burnrate.yml", "docker-compose.yml", "alerting/alertmanager.yml"):
        (checkout / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, checkout / name)
    (checkout / "burnrate").mkdir()
    (checkout / "docs").mkdir()
    monkeypatch.chdir(checkout)
    # No stack has it.
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "burnrate-interrupted")
    add = ["service", "add", "shop", "--target", "shop.example.org:80", "--no-latency", "--force"]
    done = CliRunner().invoke(command_line, add)
    assert done.exit_code == 0, done.output
    added = _texts(checkout)
    own = [path for path in added if path.startswith("prometheus/slo/shop")]
    _kill(checkout, {Path(path): None for path in sorted(own, reverse=True)}, 1)
    assert len(_texts(checkout)) == len(added)  # one gone, and the note there

    done = CliRunner().invoke(command_line, ["service", "list"])

    assert "that was interrupted is undone" in done.stderr
    assert "shop" in done.stdout
    assert _texts(checkout) == added
    _kill(checkout, {Path(path): None for path in sorted(own, reverse=True)}, 1)
    done = CliRunner().invoke(command_line, ["service", "remove", "shop"])
    assert done.exit_code == 0, done.output
    assert not [path for path in _texts(checkout) if "shop" in path]
    assert undoing.undone(checkout) is None
