"""What is mounted, as files of this machine."""

from pathlib import Path

import pytest

from burnrate.stack.errors import StackError
from burnrate.stack.render.mounts import mounted_files, rendered_path


def test_a_mounted_directory_keeps_its_shape(tmp_path: Path) -> None:
    """Files are found where the container has them."""
    (tmp_path / "rules/deep").mkdir(parents=True)
    (tmp_path / "rules/deep/a.yml").touch()
    found = list(mounted_files(tmp_path / "rules", "/etc/prometheus/rules"))
    assert found == [(tmp_path / "rules/deep/a.yml", "/etc/prometheus/rules/deep/a.yml")]


def test_a_mount_of_nothing_is_an_error(tmp_path: Path) -> None:
    """Docker would make a directory of that name; we say it."""
    with pytest.raises(StackError, match="which does not exist"):
        list(mounted_files(tmp_path / "missing", "/etc/x"))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/etc/prometheus/rules/a.yml", "/e/rules/a.yml"),
        ("/etc/other/a.yml", "/e/etc/other/a.yml"),
        ("/docker-entrypoint-initdb.d/a.sql", "/e/docker-entrypoint-initdb.d/a.sql"),
    ],
)
def test_files_are_kept_by_their_path_in_the_container(target: str, expected: str) -> None:
    """Relative references between mounted files hold."""
    assert rendered_path(Path("/e"), "prometheus", target) == Path(expected)
