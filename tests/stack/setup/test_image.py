"""An image that is not of the checkout is noticed."""

import shutil
from pathlib import Path

import pytest

from burnrate.stack.setup.image import is_image_of
from tests.servers.checkout import IGNORED, ROOT


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The code as the image has it."""
    for name in ("api", "alerting"):
        shutil.copytree(ROOT / name, tmp_path / "image" / name, ignore=IGNORED)
    return tmp_path / "image"


def test_an_image_of_the_same_code_is_known_by_any_line_ends(image: Path) -> None:
    """Windows' git may have turned those of the checkout."""
    (image / "api/main.py").write_bytes((ROOT / "api/main.py").read_bytes().replace(b"\n", b"\r\n"))
    assert is_image_of(ROOT, image)


def test_an_image_of_other_code_is_another(image: Path) -> None:
    """One file more is enough."""
    (image / "alerting/new.py").touch()
    assert not is_image_of(ROOT, image)


def test_without_an_image_there_is_nothing_to_compare(tmp_path: Path) -> None:
    """In a checkout's own virtual environment."""
    assert is_image_of(ROOT, tmp_path / "nowhere")
