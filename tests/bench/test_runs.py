"""Whole runs, tiny: real workers, real gunicorn, real sockets."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.reporting.report import Report
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
MARK = "BURNRATE_TEST_MARK"


class Bench:
    """Runs the command; every process below it carries a mark in its environment."""

    def __init__(self, folder: Path) -> None:
        self.mark = uuid.uuid4().hex
        self.json = folder / "figures.json"
        self._temporary = folder / "tmp"
        self._temporary.mkdir()
        self._peers = folder / "peers"

    def start(self, command: str) -> "subprocess.Popen[str]":
        """Start `python -m bench <command> --quick`, without a package index."""
        options = ["--quick", "--json", str(self.json)]
        if command == "telemetry":
            options += ["--peers-env", str(self._peers)]
        return subprocess.Popen(
            [sys.executable, "-m", "bench", command, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                MARK: self.mark,
                "TMPDIR": str(self._temporary),
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": "",
            },
        )

    def left(self) -> tuple[list[str], list[Path]]:
        """Return the command lines and the temporary folders that are still there."""
        lines = [" ".join(process.cmdline()) for process in self.processes()]
        return lines, list(self._temporary.iterdir())

    def processes(self) -> Iterator[psutil.Process]:
        """Yield the living processes that carry the mark."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(MARK) == self.mark:
                    yield process


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for process in made.processes():
        with suppress(psutil.NoSuchProcess):
            process.kill()


def labels(report: Report) -> set[str]:
    """Return the labels of all rows."""
    return {row.label for table in report.tables for row in table.rows}


def test_a_run_without_a_package_index_leaves_the_peers_out_and_says_so(bench: Bench) -> None:
    """What needs no peer is measured all the same, and nothing stays behind."""
    with bench.start("telemetry") as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    report = Report.model_validate_json(bench.json.read_text())
    assert [table.title for table in report.tables] == [
        "CPU time a request, in process",
        "Throughput, gunicorn with 1 workers",
        "Single operations",
    ]
    assert "Left out, not installed: prometheus-fastapi-instrumentator" in output
    assert report.notes[0] in output
    found = labels(report)
    assert "starlette_exporter" not in found
    assert {"bare", "burnrate: metrics", "the usual three, stacked", "burnrate to bare"} <= found
    assert bench.left() == ([], [])


def test_a_run_of_scrapes_measures_fresh_recycled_and_stalls(bench: Bench) -> None:
    """All bars of scrapes are judged, and the folder of dead workers has not grown."""
    with bench.start("scrapes") as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    report = Report.model_validate_json(bench.json.read_text())
    _, recycled, stalls = report.tables
    held = [row.bar for table in report.tables for row in table.rows if row.bar]
    assert held == [
        "at most 120 ms",
        "at most 25 ms",
        "at most 25 ms",
        "at most 1.2 times fresh",
        "at most 30 ms",
        "at most 20 ms (p99.9)",
    ]
    # Two archives, and counters, histograms and gauges of two live workers.
    files = recycled.rows[0].cells[2]
    assert files is not None
    assert files.median == 8
    assert stalls.rows[0].label == "no scrape"
    assert bench.left() == ([], [])


def test_a_terminated_run_leaves_nothing(bench: Bench) -> None:
    """Workers, gunicorn and temporary folders go with the command; as `timeout` ends it, twice."""
    with bench.start("telemetry") as process:
        wait_until(lambda: len(list(bench.processes())) >= 5, "gunicorn's workers")
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate()
    assert process.returncode == 143, output
    assert "Traceback" not in output
    assert bench.left() == ([], [])
