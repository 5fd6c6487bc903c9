"""What exists before processes start."""

import stat
from pathlib import Path

import pytest

from burnrate.stack.addresses import AddressMap
from burnrate.stack.compose import Compose
from burnrate.stack.layout import Layout
from burnrate.stack.processes.preparation import make_state


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty checkout."""
    return Layout(tmp_path, tmp_path / ".burnrate")


def test_state_has_secrets_and_a_private_folder_for_each_parts_data(layout: Layout) -> None:
    """One folder for each named volume that a part writes to."""
    compose = Compose.model_validate(
        {
            "services": {
                "db": {
                    "volumes": [
                        "db-config:/etc/burnrate:ro",
                        "db-data:/var/lib/db",
                        "disk-data:/host/data:ro",
                    ],
                    "x-secrets": ["inbox_token"],
                }
            },
        }
    )
    for _ in range(2):
        make_state(layout, compose, AddressMap())
        modes = {
            path.relative_to(layout.state).as_posix(): stat.S_IMODE(path.stat().st_mode)
            for path in layout.state.rglob("*")
        }
        assert modes == {
            "data": 0o755,
            "data/db": 0o700,
            "etc": 0o755,
            "logs": 0o700,
            "run": 0o755,
            "run/supervisor": 0o755,
            "secrets": 0o700,
            "secrets/inbox_token": 0o600,
        }
