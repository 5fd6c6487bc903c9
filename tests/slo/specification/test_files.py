"""Which files of a folder are specifications: none is left out in silence."""

from pathlib import Path

import pytest

from burnrate.configuration import load_configuration
from burnrate.slo.errors import SpecError
from burnrate.slo.specification import has_specifications, load_files, specification_files

_SHORT = """\
service: {}
source: burnrate
objectives:
  availability: 99.9
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for specifications, beside other ones."""
    made = tmp_path / "specifications"
    made.mkdir()
    return made


def _names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in specification_files(folder)]


@pytest.mark.parametrize("name", ["shop.yml", "shop.yaml", "shop.YML", "shop.Yaml", "a b.YAML"])
def test_the_case_of_an_ending_does_not_matter(name: str, folder: Path) -> None:
    """Some file systems and editors write it in capitals."""
    (folder / name).write_text(_SHORT.format("shop"))

    assert _names(folder) == [name]
    assert has_specifications(folder)


@pytest.mark.parametrize("ending", ["yml", "yaml", "YML", "YAML"])
def test_settings_are_found_whatever_case_their_ending_has(ending: str, folder: Path) -> None:
    """And so are a team's own sources."""
    (folder / "shop.yml").write_text(_SHORT.format("shop"))
    (folder / f"shop.settings.{ending}").write_text("version: burnrate/v1\nlabels: {team: carts}\n")
    (folder / f"ours.source.{ending}").write_text("about: ours\n")

    (service,) = load_files([folder], load_configuration())
    assert service.alert_labels["team"] == "carts"


def test_a_folder_behind_a_link_is_read(folder: Path, tmp_path: Path) -> None:
    """Once, if several links lead to it, and also where one leads back to the beginning."""
    others = tmp_path / "others"
    (others / "inner").mkdir(parents=True)
    (others / "inner/shop.yml").write_text(_SHORT.format("shop"))
    (others / "back").symlink_to(folder)
    (folder / "team").symlink_to(others)
    (folder / "the-same").symlink_to(others / "inner")

    (found,) = specification_files(folder)
    assert found.samefile(others / "inner/shop.yml")


def test_a_mounted_config_map_is_read_once(folder: Path) -> None:
    """Kubernetes links each file to one in a hidden folder, which it replaces as a whole."""
    (folder / "..2026_11_01").mkdir()
    (folder / "..2026_11_01/shop.yml").write_text(_SHORT.format("shop"))
    (folder / "..data").symlink_to("..2026_11_01")
    (folder / "shop.yml").symlink_to("..data/shop.yml")

    assert _names(folder) == ["shop.yml"]


@pytest.mark.parametrize("name", ["shop.yml", "team"])
def test_a_link_to_nothing_is_said(name: str, folder: Path) -> None:
    """It may have been a folder of specifications."""
    (folder / "other.yml").write_text(_SHORT.format("other"))
    (folder / name).symlink_to(folder / "gone")

    with pytest.raises(SpecError, match=f"{name}: is a link to nothing"):
        specification_files(folder)


def test_a_folder_that_cannot_be_read_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may not look into it does not know what is there."""
    (folder / "locked").mkdir()

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    # Root, as which tests may run, may read everything.
    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(SpecError, match="Permission denied"):
        specification_files(folder)


def test_a_folder_may_hold_none(folder: Path) -> None:
    """Or not be there."""
    (folder / "shop.settings.yml").write_text("version: burnrate/v1\n")

    assert not has_specifications(folder)
    assert not has_specifications(folder / "none")
