"""What a process uses, and when it began, over all processes of a service."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

FORKING = """
import os, sys
from pathlib import Path
from burnrate.telemetry import workers
workers.activate(Path(sys.argv[1]))
from prometheus_client import CollectorRegistry
from burnrate.telemetry.usage import ProcessUsage
usage = ProcessUsage(CollectorRegistry())
if os.fork() == 0:
    exposition = workers.Exposition(CollectorRegistry(), has_application_metrics=False)
    sys.stdout.write(exposition.render("", "")[0].decode())
    sys.stdout.flush()
    os._exit(0)
os.wait()
"""


def test_no_process_says_that_it_began_in_1970(tmp_path: Path) -> None:
    """Neither a master that never samples nor a child that has not yet: the oldest would be 0."""
    command = [sys.executable, "-W", "ignore", "-c", FORKING, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    shown = [line for line in done.stdout.splitlines() if line.startswith("process_start_time")]
    assert [float(line.split()[1]) > 1_700_000_000 for line in shown] == [True]
