"""What is mounted, as paths of this machine."""

from pathlib import Path

import pytest

from burnrate.stack.compose import Compose
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.render import find_mounts


def _compose(**service: object) -> Compose:
    return Compose.model_validate({"services": {"db": service}})


def test_files_secrets_and_data_have_their_places_in_the_state(tmp_path: Path) -> None:
    """Secrets are where they are for every part; the rest is the part's own."""
    layout = Layout(tmp_path, tmp_path / "state")
    compose = _compose(
        volumes=["db-config:/etc/burnrate:ro", "db-data:/var/lib/db", "disk-data:/host:ro"],
        tmpfs=["/run/db:size=1m"],
        **{"x-secrets": ["token"]},
    )

    mounts = find_mounts(layout, compose, "db")

    assert mounts.paths.paths == {
        "/etc/burnrate": layout.etc / "db",
        "/etc/burnrate/secrets/token": layout.secrets / "token",
        "/var/lib/db": layout.data / "db",
        "/host": layout.data / "disk",
        "/run/db": layout.run / "db/run-db",
    }
    assert mounts.temporary_directories == (layout.run / "db/run-db",)


def test_a_mount_of_this_machine_is_refused(tmp_path: Path) -> None:
    """As a process the part would not find it, or find too much."""
    with pytest.raises(StackError, match=r"db: \./conf is mounted: a process gets files"):
        find_mounts(Layout(tmp_path, tmp_path), _compose(volumes=["./conf:/etc/db:ro"]), "db")
