"""Gauges of which the most recent value counts, over workers that live and workers that do not."""

import os
from itertools import permutations
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import mmap_key

from burnrate.telemetry.workers import archive
from burnrate.telemetry.workers.merge import MergedFiles
from tests.support.samples import read_samples
from tests.telemetry.workers.files import DEAD, write

KEY = mmap_key("stock", "stock", [], [], "Stock.")
# Values and time stamps: the most recent is neither the largest nor the smallest, nor set last.
WRITTEN = ((30.0, 100.0), (20.0, 300.0), (10.0, 200.0))
MOST_RECENT = 20.0


def put(folder: Path, kind: str, pid: int, value: float, stamp: float) -> None:
    """Have a worker set the gauge."""
    write(folder, f"gauge_{kind}", pid, {KEY: value}, stamp)


def shown(folder: Path) -> list[float]:
    return list(read_samples(MergedFiles(folder).render(is_openmetrics=False)).values())


@pytest.mark.parametrize("kind", ["mostrecent", "livemostrecent"])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_value_that_was_set_last_is_shown(tmp_path: Path, kind: str, order: list[int]) -> None:
    """Whichever worker set it, and in whatever order their files are read."""
    pids = (os.getpid(), os.getppid(), 1)
    for pid, number in zip(pids, order, strict=True):
        put(tmp_path, kind, pid, *WRITTEN[number])
    assert shown(tmp_path) == [MOST_RECENT]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_archive_keeps_what_was_set_last(tmp_path: Path, order: list[int]) -> None:
    """Of workers that are gone, whichever of them is folded first."""
    for place, number in enumerate(order):
        put(tmp_path, "mostrecent", DEAD + place, *WRITTEN[number])
        if place != 1:  # one alone, then two at once
            archive.fold_dead(tmp_path)
    assert [path.name for path in tmp_path.glob("*.db")] == ["gauge_mostrecent_archive.db"]
    assert shown(tmp_path) == [MOST_RECENT]


@pytest.mark.parametrize(("stamp", "expected"), [(299.0, MOST_RECENT), (301.0, 15.0)])
def test_archived_value_gives_way_to_a_later_one_only(
    tmp_path: Path, stamp: float, expected: float
) -> None:
    """A live worker's value is no better for being a live one's."""
    put(tmp_path, "mostrecent", DEAD, MOST_RECENT, 300.0)
    archive.fold_dead(tmp_path)
    put(tmp_path, "mostrecent", os.getpid(), 15.0, stamp)
    assert shown(tmp_path) == [expected]
