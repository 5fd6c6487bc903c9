"""A worker that is killed leaves nothing of what clients have sent."""

import os
import signal
from pathlib import Path

from tests.servers.api import running_api
from tests.support.waiting import wait_until


def _folders(parent: Path) -> set[Path]:
    return set(parent.glob("*burnrate-documents-*"))


def test_documents_of_a_killed_worker_go_when_the_next_one_starts(
    backends: dict[str, str], tmp_path: Path
) -> None:
    """Those of the others stay."""
    with running_api(**backends, WEB_CONCURRENCY="2", TMPDIR=str(tmp_path)) as api:
        before = _folders(tmp_path)
        assert len(before) == 2
        for folder in before:
            (folder / "document").write_text("in progress")
        os.kill(api.worker_pids()[0], signal.SIGKILL)
        wait_until(lambda: api.count_started() >= 3, "the next worker")
        after = _folders(tmp_path)
        assert len(after) == 2
        assert len(before & after) == 1
        assert (next(iter(before & after)) / "document").exists()
    assert not _folders(tmp_path)
