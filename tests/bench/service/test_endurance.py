"""Memory is judged by what it is for most of a while, not by one moment."""

import os

import pytest

from bench.service.endurance import MemorySamples, start_and_end
from bench.service.resources import ProcessTree


def test_the_warm_up_counts_for_nothing_and_a_moment_for_little() -> None:
    """100 samples: 5 of warm-up, 10 of start, 10 of end; a fifth worker lives for a moment."""
    samples = [1.0] * 5 + [300.0] * 9 + [400.0] + [500.0] * 75 + [330.0] * 8 + [900.0] * 2
    assert start_and_end(samples) == (300.0, 330.0)


@pytest.mark.parametrize("samples", [[7.0], [7.0, 7.0, 7.0]])
def test_a_short_run_has_a_start_and_an_end_too(samples: list[float]) -> None:
    """One sample is both."""
    assert start_and_end(samples) == (7.0, 7.0)


def test_memory_is_read_as_long_as_the_block_lasts() -> None:
    """At its interval, in a thread."""
    with MemorySamples(ProcessTree(os.getpid()), 0.01) as memory:
        while len(memory.values) < 3:
            pass
    taken = len(memory.values)
    assert all(value > 1_000_000 for value in memory.values)
    assert len(memory.values) == taken
