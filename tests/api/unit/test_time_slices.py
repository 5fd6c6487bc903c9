"""Threads that compute in time slices leave the event loop room."""

import asyncio
import threading
import time

import pytest

from api.backends.time_slices import in_time_slices, time_slice

THREADS = 10
SECONDS = 1.0


def test_event_loop_keeps_turning_beside_ten_computing_threads() -> None:
    """Free-running threads leave it twenty rounds a second, time slices leave it thousands."""
    end = time.monotonic() + SECONDS
    slices = [0] * THREADS

    def compute(number: int) -> None:
        while time.monotonic() < end:
            with time_slice():
                sum(range(20_000))
            slices[number] += 1

    async def count_rounds() -> int:
        rounds = 0
        while time.monotonic() < end:
            # A real wait, in which the loop lets the GIL go and has to get it back.
            await asyncio.sleep(0.0005)
            rounds += 1
        return rounds

    threads = [threading.Thread(target=compute, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    rounds = asyncio.run(count_rounds())
    for thread in threads:
        thread.join()
    assert rounds > 100
    assert sum(slices) > 100, "the work has to be done as well"


def test_items_made_in_time_slices_are_all_there_in_order() -> None:
    """Whatever the batch."""
    for batch in (1, 3, 10, 11):
        assert list(in_time_slices(iter(range(10)), batch)) == list(range(10))
    assert list(in_time_slices((), 3)) == []


def test_the_next_time_slice_begins_when_work_fails() -> None:
    """Or one wrong document would stop all others."""
    for _ in range(2):
        with pytest.raises(LookupError), time_slice():
            raise LookupError
