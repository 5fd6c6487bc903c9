"""The pages for teams that put their own service in place of the example."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / "docs/adopting"
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _blocks() -> Iterator[object]:
    for page in sorted(_FOLDER.glob("*.md")):
        for number, block in enumerate(_BLOCK.findall(page.read_text()), 1):
            yield pytest.param(block, id=f"{page.stem}-{number}")


@pytest.mark.parametrize("block", [*_blocks()])
def test_code_runs_as_it_stands(block: str, tmp_path: Path) -> None:
    """Each block is a whole program or gunicorn's configuration; nothing has to be added."""
    program = tmp_path / "program.py"
    program.write_text(block)
    command = [sys.executable, "-W", "error", str(program)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert '"level": "error"' not in ended.stdout


def test_every_page_is_in_the_index() -> None:
    """A reader finds it from there."""
    index = (_FOLDER / "README.md").read_text()
    pages = {page.name for page in _FOLDER.glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


def test_the_index_begins_with_an_install_that_works_before_the_first_release() -> None:
    """From a checkout, for as long as the changelog says that nothing is released."""
    index = (_FOLDER / "README.md").read_text()
    assert index.index("## Install") == index.index("## ")
    is_released = "Nothing has been released yet" not in (_ROOT / "CHANGELOG.md").read_text()
    assert ("is not on PyPI yet" in index) != is_released
    assert ('pip install "path/to/burnrate' in index) != is_released
