"""Threads that compute in time slices leave the event loop room."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest

from api.backends.time_slices import OutOfTime, TimeSlices

PATIENCE_SECONDS = 600
THREADS = 10
SLICES = 40


def _rounds_beside(slice_of: Callable[[], AbstractContextManager[None]]) -> int:
    """Return how often an event loop turns while ten threads do a fixed amount of work."""

    def compute() -> None:
        for _ in range(SLICES):
            with slice_of():
                sum(range(20_000))

    async def count_rounds() -> int:
        rounds = 0
        while any(thread.is_alive() for thread in threads):
            # A real wait, in which the loop lets the GIL go and has to get it back.
            await asyncio.sleep(0.0005)
            rounds += 1
        return rounds

    threads = [threading.Thread(target=compute) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    return asyncio.run(count_rounds())


def test_event_loop_keeps_turning_beside_ten_computing_threads() -> None:
    """For the same work it turns many times as often as beside threads that run freely."""
    pairs = [
        (_rounds_beside(TimeSlices(PATIENCE_SECONDS).slice), _rounds_beside(nullcontext))
        for _ in range(3)
    ]

    sliced, free = (sum(rounds) for rounds in zip(*pairs, strict=True))
    assert sliced > 3 * free


def test_items_made_in_time_slices_are_all_there_in_order() -> None:
    """Whatever the batch."""
    for batch in (1, 3, 10, 11):
        assert list(TimeSlices(PATIENCE_SECONDS).make(iter(range(10)), batch)) == list(range(10))
    assert list(TimeSlices(PATIENCE_SECONDS).make((), 3)) == []


def test_the_next_slice_begins_when_work_fails() -> None:
    """Or one wrong document would stop all others."""
    for _ in range(2):
        with pytest.raises(LookupError), TimeSlices(PATIENCE_SECONDS).slice():
            raise LookupError


def test_wait_for_a_turn_is_part_of_the_time() -> None:
    """A computation that never gets its turn ends too."""

    def wait() -> None:
        try:
            with TimeSlices(0.01).slice():
                results.append("turn")
        except OutOfTime:
            results.append("out of time")

    results: list[str] = []
    with TimeSlices(PATIENCE_SECONDS).slice():
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join()
    assert results == ["out of time"]
