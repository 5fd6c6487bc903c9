"""A team's files and the release that it pins, laid together."""

import fcntl
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from burnrate.pinned import (
    RELEASED,
    PinError,
    find_repository,
    installed_version,
    is_repository,
    laid_together,
    pin_line,
    repository_of,
)
from burnrate.pinned import tree as tree_module
from burnrate.service.change import changed
from burnrate.stack.errors import StackError
from burnrate.stack.layout import container_layout, find_checkout, process_layout
from tests.servers.processes import ROOT

# In the place of the example's, so that little is generated.
_API = "{service: api, source: burnrate, job: api, objectives: {availability: 99.9}}\n"
_SHOP = """service: shop
source: burnrate
job: shop
objectives: {availability: 99.5}
"""
_RULES = "prometheus/rules/slo-shop-availability.yml"


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository, laid together once."""
    folder = tmp_path_factory.mktemp("laid") / "slos"
    (folder / "prometheus/slo").mkdir(parents=True)
    (folder / "prometheus/slo/api.yml").write_text(_API)
    (folder / "prometheus/slo/api.settings.yml").write_text("version: burnrate/v1\n")
    (folder / "prometheus/slo/shop.yml").write_text(_SHOP)
    (folder / "burnrate.yml").write_text("version: burnrate/v1\n")
    (folder / "requirements.txt").write_text(pin_line(installed_version()))
    (folder / ".env").write_text("NOTIFY=nobody\n")
    laid_together(folder)
    return folder


@pytest.fixture
def repository(laid: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(laid, tmp_path / "slos"))


def _texts(folder: Path) -> dict[Path, tuple[bytes, int]]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def test_the_stack_is_what_the_checkout_has_and_the_teams_files(laid: Path) -> None:
    """Each file of the release as it is, but what is generated of the team's."""
    tree = laid / RELEASED
    for name in ("docker-compose.yml", "nginx/nginx.conf", "api/main.py", "burnrate/cli.py"):
        assert (tree / name).read_bytes() == (ROOT / name).read_bytes()
    assert (tree / "burnrate.yml").read_text() == (laid / "burnrate.yml").read_text()
    assert "vector(0.995)" in (tree / _RULES).read_text()
    assert not (tree / "tests").exists()
    assert stat.S_IMODE((tree / ".env").stat().st_mode) == 0o600
    # What the team's leaves out is in the image that is built of the tree.
    assert (tree / "burnrate/burnrate.yml").read_bytes() == (ROOT / "burnrate.yml").read_bytes()
    # And what Compose mounts leads from the tree to the repository, where the secrets are.
    assert (tree / ".env").read_text().splitlines()[-1] == "BURNRATE_REPOSITORY=../.."
    mounted = yaml.safe_load((tree / "docker-compose.yml").read_text())["services"]["setup"]
    assert "${BURNRATE_REPOSITORY:-.}:/checkout:ro" in mounted["volumes"]
    assert stat.S_IMODE((tree / "nginx/nginx.conf").stat().st_mode) == 0o644


def test_a_change_is_laid_out_and_what_did_not_change_stays(repository: Path) -> None:
    """Files that no change concerns are not even written again."""
    before = _texts(repository / RELEASED)
    (repository / "prometheus/slo/shop.yml").write_text(_SHOP.replace("99.5", "99.8"))
    (repository / "alerting/runbooks").mkdir(parents=True)
    (repository / "alerting/runbooks/Ours.md").write_text("# Ours\n")
    tree = laid_together(repository)
    after = _texts(tree)
    names = {path.relative_to(tree).as_posix() for path in after if before.get(path) != after[path]}
    assert {"alerting/runbooks/Ours.md", "prometheus/slo/shop.yml", _RULES} <= names
    assert all("shop" in name or "Ours" in name for name in names), names


def test_what_is_gone_is_gone(repository: Path) -> None:
    """A specification with its rules."""
    (repository / "prometheus/slo/shop.yml").unlink()
    tree = laid_together(repository)
    assert not (tree / _RULES).exists()
    assert (tree / "prometheus/rules/slo-api-availability.yml").is_file()


def test_two_commands_at_once_lay_one_tree(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one writes, others wait; what they have made then is there already."""
    (repository / "prometheus/slo/shop.yml").write_text(_SHOP.replace("99.5", "99.8"))
    write, complete = tree_module._mirror, tree_module._complete

    def is_locked() -> bool:
        other = os.open(repository / RELEASED.parent, os.O_RDONLY)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(other)
        return False

    locked = []

    def written(files: Mapping[Path, bytes], folder: Path) -> None:
        if folder == repository / RELEASED:
            locked.append(is_locked())
        write(files, folder)

    def overtaken(files: Mapping[Path, bytes], scratch: Path) -> dict[Path, bytes]:
        """The other command is faster."""
        made = complete(files, scratch)
        monkeypatch.setattr(tree_module, "_complete", complete)
        laid_together(repository)
        return made

    monkeypatch.setattr(tree_module, "_mirror", written)
    monkeypatch.setattr(tree_module, "_complete", overtaken)
    tree = laid_together(repository)
    assert locked == [True]
    assert "vector(0.998)" in (tree / _RULES).read_text()


def test_a_team_may_stand_in_for_a_file_of_the_release(repository: Path) -> None:
    """The objectives of the example, or routes of its own, in which the inhibition is generated."""
    routes = (ROOT / "alerting/alertmanager.yml").read_text()
    (repository / "alerting").mkdir()
    (repository / "alerting/alertmanager.yml").write_text(f"# ours\n{routes}")
    tree = laid_together(repository)
    made = (tree / "alerting/alertmanager.yml").read_text()
    assert made.startswith("# ours\n")
    assert yaml.safe_load(made)["inhibit_rules"]


def test_a_wrong_file_is_named_and_changes_nothing(repository: Path) -> None:
    """By its path in the repository, not by that of a copy."""
    before = _texts(repository / RELEASED)
    (repository / "prometheus/slo/shop.yml").write_text(_SHOP.replace("99.5", "150"))
    with pytest.raises(PinError, match=r"^prometheus/slo/shop\.yml"):
        laid_together(repository)
    assert _texts(repository / RELEASED) == before


def test_another_release_than_the_pinned_one_is_refused(repository: Path) -> None:
    """With what to do; the tree stays as the pinned one made it."""
    before = _texts(repository / RELEASED)
    (repository / "requirements.txt").write_text(pin_line("0.0.1"))
    with pytest.raises(PinError, match=r"pins burnrate 0\.0\.1, and .* pip install -r"):
        laid_together(repository)
    assert _texts(repository / RELEASED) == before


@pytest.mark.parametrize(
    "line",
    [
        "burnrate-stack==0.2.0",
        "burnrate-stack[cli]==0.2.0 \\\n    --hash=sha256:00",
        "fastapi\nburnrate-stack[cli,service] == 0.2.0 ; python_version > '3.10'",
        "burnrate-stack[cli] @ https://example.org/wheels/burnrate_stack-0.2.0-py3-none-any.whl",
        "./wheels/burnrate_stack-0.2.0-py3-none-any.whl",
    ],
)
def test_a_pin_is_read_as_people_write_it(tmp_path: Path, line: str) -> None:
    """By version, or as a wheel."""
    (tmp_path / "burnrate.yml").write_text("version: burnrate/v1\n")
    (tmp_path / "requirements.txt").write_text(f"# ours\n{line}\n")
    assert is_repository(tmp_path)
    (tmp_path / "burnrate").mkdir()
    assert not is_repository(tmp_path)


def test_a_folder_without_a_pin_is_no_repository(tmp_path: Path) -> None:
    """Nor is the checkout."""
    (tmp_path / "burnrate.yml").write_text("version: burnrate/v1\n")
    (tmp_path / "requirements.txt").write_text("burnrate-tools==0.2.0\nfastapi\n")
    assert not is_repository(tmp_path)
    assert not is_repository(ROOT)


def test_commands_find_the_stack_and_keep_its_state_beside_it(laid: Path) -> None:
    """Secrets and data outlive what is laid out anew, and settings are the team's own."""
    tree = laid / RELEASED
    assert find_repository(laid / "prometheus/slo") == laid
    assert find_checkout(laid / "prometheus/slo") == tree
    for layout in (container_layout(tree), process_layout(tree, {}, uid=1000)):
        assert (layout.checkout, layout.project) == (tree, laid)
        assert layout.state == laid / ".burnrate"
        assert layout.env_file == laid / ".env"
    assert repository_of(ROOT) == ROOT
    assert repository_of(Path("/checkout")) == Path("/checkout")


def test_a_repository_that_nothing_was_laid_out_in_says_how(tmp_path: Path) -> None:
    """It is new from Git."""
    (tmp_path / "burnrate.yml").write_text("version: burnrate/v1\n")
    (tmp_path / "requirements.txt").write_text(pin_line(installed_version()))
    with pytest.raises(StackError, match="not there yet: burnrate stack up"):
        find_checkout(tmp_path)


def test_what_service_add_writes_is_the_teams_as_well(repository: Path) -> None:
    """And goes again when it is undone."""
    tree = repository / RELEASED
    own, rules = Path("prometheus/targets/cart.yml"), Path("prometheus/rules/slo-cart.yml")

    def interrupted() -> None:
        with changed(tree, {own: "[]\n", rules: "groups: []\n"}):
            assert (repository / own).read_text() == (tree / own).read_text() == "[]\n"
            assert not (repository / rules).exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not (repository / own).exists()
    assert not (tree / own).exists()
