"""A file is replaced at once, or is as it was."""

import subprocess
import sys
from pathlib import Path

import pytest

from burnrate.replacing import replace_text

# As on a full disk: no file may become longer than nothing.
_FULL = """
import resource, sys
from pathlib import Path
from burnrate.replacing import replace_text

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    replace_text(Path(sys.argv[1]), "new", 0o644)
except OSError as error:
    sys.exit(f"{error.filename}")
"""


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """Neither half a text nor a file beside it."""
    path = tmp_path / "a.yml"
    replace_text(path, "old", 0o640)
    with pytest.raises(UnicodeEncodeError):
        replace_text(path, "new \ud800", 0o644)
    assert [each.name for each in tmp_path.iterdir()] == ["a.yml"]
    assert path.read_text() == "old"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_full_disk_is_said_with_the_files_name(tmp_path: Path) -> None:
    """And not with that of one beside it, which is gone."""
    path = tmp_path / "a.yml"
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == str(path)
    assert list(tmp_path.iterdir()) == []
