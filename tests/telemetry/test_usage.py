"""What a process uses, and when it began, over all processes of a service."""

import gc
import subprocess
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry

from burnrate.telemetry.usage import ProcessUsage

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


def test_garbage_collections_count_from_the_start() -> None:
    """Those of the imports are none of the service, and each counts once."""
    registry = CollectorRegistry()
    usage = ProcessUsage(registry)
    usage.sample()
    before = registry.get_sample_value("python_gc_collections_total", {"generation": "2"})
    gc.collect()
    usage.sample()
    usage.sample()
    after = registry.get_sample_value("python_gc_collections_total", {"generation": "2"})
    assert before is not None
    assert after is not None
    assert 1 <= after - before <= 5
