"""CPU time of processes that have ended counts, memory that processes share counts once."""

import os
import subprocess
import sys

import pytest

from bench.service.resources import ProcessTree, cpu_seconds
from burnrate.cli import CommandError

# Times come in ticks of 10 ms, each cut off for itself: more is burnt than is asked for.
BURN = "import time\nwhile time.process_time() < {seconds}: pass"


def test_a_worker_that_has_left_still_counts() -> None:
    """Workers are recycled in the middle of a round."""
    tree = ProcessTree(os.getpid())
    before = cpu_seconds({"api": tree})["api"]
    subprocess.run([sys.executable, "-c", BURN.format(seconds=0.4)], check=True)
    assert cpu_seconds({"api": tree})["api"] - before >= 0.29


def test_a_worker_that_lives_counts() -> None:
    """Its time is not its parent's yet."""
    tree = ProcessTree(os.getpid())
    before = tree.cpu_seconds()
    code = BURN.format(seconds=0.4) + "\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert tree.cpu_seconds() - before >= 0.29
        assert tree.memory_bytes() > ProcessTree(child.pid).memory_bytes() > 1_000_000
        child.communicate(b"\n")


def test_a_part_that_has_ended_is_told_by_its_name() -> None:
    """A figure without it would flatter."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    with pytest.raises(CommandError, match="redis has ended"):
        cpu_seconds({"redis": ProcessTree(child.pid)})
