"""A whole run, tiny: the real service twice, real wrk, and nothing left behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.reporting.report import Report
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


class Bench:
    """Runs `python -m bench load --quick`, all its files in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.json = folder.with_name(f"{folder.name}.json")

    def start(self, *options: str) -> "subprocess.Popen[str]":
        """Start the command."""
        # Without a package index: the document's way is left out.
        packages = str(self.folder.with_name(f"{self.folder.name}-packages"))
        words = ["load", "--quick", "--json", str(self.json), "--peers-env", packages, *options]
        return subprocess.Popen(
            [sys.executable, "-m", "bench", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env={
                **os.environ,
                "TMPDIR": str(self.folder),
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": "",
            },
        )

    def processes(self) -> Iterator[psutil.Process]:
        """Yield what lives of a run: it works in the folder, or was told of it."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                places = [process.cwd(), *process.cmdline()]
                if any(str(self.folder) in place for place in places):
                    yield process

    def running(self, name: str) -> set[int]:
        """Return the numbers of the processes that run a program."""
        return {process.pid for process in self.processes() if process.name() == name}

    def left(self) -> tuple[list[str], list[str]]:
        """Return the processes and the files that are still there."""
        names = [process.name() for process in self.processes()]
        return names, [path.name for path in self.folder.iterdir()]


@pytest.fixture
def bench() -> Iterator[Bench]:
    # Every user must be able to walk to it: as root, PostgreSQL runs as another one.
    folder = Path(tempfile.mkdtemp(prefix="burnrate-test-"))
    folder.chmod(0o755)
    made = Bench(folder)
    yield made
    for process in made.processes():
        with suppress(psutil.NoSuchProcess):
            process.kill()
    shutil.rmtree(folder)
    made.json.unlink(missing_ok=True)


def test_a_run_compares_endures_and_counts_every_request(bench: Bench) -> None:
    """With no request failed, on either side."""
    with bench.start("--minutes", "0.03") as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    report = Report.model_validate_json(bench.json.read_text())
    full, cpu, steady, routes, pressure, long = report.tables
    assert "Left out, not installed: " in output
    assert all(row.cells[0] and row.cells[0].median > 0 for row in full.rows[:2])
    for table in (full, steady):  # a second of the latter may be over before any answer
        for row in table.rows[:2]:
            assert row.cells[0] is not None
            assert row.cells[-1] is not None
            assert row.cells[-1].median == 0, row
    assert [row.label for row in cpu.rows] == ["nginx", "api", "postgres", "redis", "all"]
    api = cpu.rows[1]  # the others may have used less than a clock tick
    assert all(cell is not None and cell.median > 0 for cell in api.cells[:2])
    assert all(row.cells[0] is not None for row in routes.rows[:-1])
    assert all(row.cells[2] is not None for row in pressure.rows[:2])
    rows = {row.label: row for row in long.rows}
    for label in ("failed requests", "workers lost otherwise"):
        assert rows[label].is_met, output
    assert rows["answers that clients and http_requests_total disagree on"].is_met, output
    assert rows["messages of the feed"].cells[0] is not None
    assert rows["messages of the feed"].cells[0].median > 0
    assert bench.left() == ([], [])


def test_an_interrupted_run_leaves_nothing(bench: Bench) -> None:
    """In the middle of the load; a second Ctrl-C, while it stops what it started, is answered."""
    with bench.start() as process:
        wait_until(lambda: bench.running("wrk"), "the load")
        nginx = bench.running("nginx")
        process.send_signal(signal.SIGINT)
        wait_until(lambda: bench.running("nginx") < nginx, "the first part that is stopped")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert "stopping what was started; please wait" in output
    assert bench.left() == ([], [])
