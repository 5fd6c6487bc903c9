"""supervisord says that it is there."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from prometheus_client.parser import text_string_to_metric_families

from burnrate.supervisor_heartbeat import FOLDER, Heartbeat, make_heartbeat


def test_heartbeat_is_a_metric_of_the_time(tmp_path: Path) -> None:
    """In a form that node-exporter's textfile collector reads; at once, and with each tick."""
    (tmp_path / FOLDER).mkdir()
    before = time.time()
    heartbeat = make_heartbeat(SimpleNamespace(options=SimpleNamespace(here=str(tmp_path))))
    [file] = (tmp_path / FOLDER).iterdir()
    assert file.suffix == ".prom"
    file.unlink()
    heartbeat.beat(None)
    [family] = text_string_to_metric_families(file.read_text())
    [sample] = family.samples
    assert sample.name == "supervisor_heartbeat_timestamp_seconds"
    assert before - 1 <= sample.value <= time.time() + 1


def test_folder_that_cannot_be_written_is_no_end(tmp_path: Path) -> None:
    """Supervisord goes on."""
    Heartbeat(tmp_path / "missing").beat(None)


def test_supervisord_gets_no_more_of_the_command_than_it_needs() -> None:
    """It runs as long as the stack does."""
    code = (
        "import sys, burnrate.supervisor_heartbeat\n"
        "print(sorted(name for name in sys.modules if name.startswith('burnrate.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['burnrate.supervisor_heartbeat']\n"
