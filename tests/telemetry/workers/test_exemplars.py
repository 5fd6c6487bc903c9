"""The file of a worker's exemplars: what a reader in another process may take from it."""

import struct
from itertools import permutations
from pathlib import Path

import pytest
from prometheus_client.samples import Exemplar

from burnrate.telemetry.workers.exemplars import ExemplarWriter, Latest, read_latest

KEY = '["wait", "wait_bucket", {"le": "0.5"}, "Wait."]'
SEQUENCE = struct.Struct("Q")


def put(folder: Path, trace_id: str, value: float, stamp: float) -> Path:
    """Have a worker write one exemplar; return its file."""
    writer = ExemplarWriter(folder)
    writer.put(KEY, Exemplar({"trace_id": trace_id}, value, stamp))
    (path,) = folder.glob("exemplars_*.bin")
    return path


def sequence_at() -> int:
    """Return where the record's sequence number stands: behind header, key length and key."""
    return 16 + len(KEY) + -len(KEY) % 8


def test_exemplar_that_is_whole_is_read(tmp_path: Path) -> None:
    """Its labels as they stand in an exposition, its value, its time stamp."""
    put(tmp_path, "aa", 0.25, 7.0)
    assert read_latest(tmp_path) == {KEY.encode(): Latest('trace_id="aa"', 0.25, 7.0)}


@pytest.mark.parametrize("sequence", [0, 1, 3, 2**63 + 1])
def test_exemplar_that_is_being_written_is_left_out(tmp_path: Path, sequence: int) -> None:
    """Its sequence number is odd, or 0 before it was written for the first time."""
    path = put(tmp_path, "aa", 0.25, 7.0)
    content = bytearray(path.read_bytes())
    place = sequence_at()
    assert SEQUENCE.unpack_from(content, place) == (2,), "as one write leaves it"
    SEQUENCE.pack_into(content, place, sequence)
    path.write_bytes(content)
    assert read_latest(tmp_path) == {}


@pytest.mark.parametrize("kept", [0, 4, 8, 12, 16, 40, 100])
def test_file_that_ends_within_a_record_gives_nothing(tmp_path: Path, kept: int) -> None:
    """A worker that is just starting, or a disk that was full."""
    path = put(tmp_path, "aa", 0.25, 7.0)
    path.write_bytes(path.read_bytes()[:kept])
    assert read_latest(tmp_path) == {}


@pytest.mark.parametrize(
    "order", list(permutations([("old", 100.0), ("new", 300.0), ("mid", 200.0)]))
)
def test_latest_of_all_workers_wins(tmp_path: Path, order: tuple[tuple[str, float], ...]) -> None:
    """By time stamp: not by the number of the worker, its value, or the order of the files."""
    for number, (trace_id, stamp) in enumerate(order):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = put(folder, trace_id, 1.0 / stamp, stamp)
        path.rename(tmp_path / f"exemplars_{number}.bin")
        folder.rmdir()
    assert read_latest(tmp_path)[KEY.encode()].labels == 'trace_id="new"'


def test_worker_keeps_the_last_one_of_a_bucket(tmp_path: Path) -> None:
    """One record a bucket, written over again and again."""
    writer = ExemplarWriter(tmp_path)
    for number in range(5):
        writer.put(KEY, Exemplar({"trace_id": str(number)}, float(number), float(number)))
    assert read_latest(tmp_path) == {KEY.encode(): Latest('trace_id="4"', 4.0, 4.0)}
