"""The merged picture of many workers, against the client library's own and against disaster."""

import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from burnrate.telemetry.workers import archive, metric_files
from burnrate.telemetry.workers.merge import MergedFiles, NoFilesError
from tests.support.samples import Samples, read_samples
from tests.telemetry.workers.files import DEAD, write

ROOT = Path(__file__).parents[3]
HITS = ("hits_total", frozenset({("path", "/")}))
BOUNDS = ("0.1", "1.0", "+Inf")
# What one worker wrote: counters by path, buckets by path, gauges by the way they are merged.
Values = tuple[dict[str, float], dict[str, list[float]], dict[str, float]]


def counter(path: str) -> str:
    return mmap_key("hits", "hits_total", ["path"], [path], "Hits.")


def histogram(path: str, values: list[float]) -> dict[str, float]:
    """Return a histogram's entries: buckets that are not cumulative yet, and the sum."""
    entries = {mmap_key("wait", "wait_sum", ["path"], [path], "Wait."): sum(values)}
    for bound, value in zip(BOUNDS, values, strict=True):
        labels = ["path", "le"]
        entries[mmap_key("wait", "wait_bucket", labels, [path, bound], "Wait.")] = value
    return entries


def library_samples(folder: Path) -> Samples:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return read_samples(generate_latest(registry).decode())


amounts = st.integers(0, 2**40).map(float)
paths = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
worker = st.tuples(
    st.dictionaries(paths, amounts, max_size=4),
    st.dictionaries(paths, st.lists(amounts, min_size=3, max_size=3), max_size=3),
    st.dictionaries(st.sampled_from(["sum", "livesum", "max", "livemin", "all"]), amounts),
)


def write_worker(folder: Path, pid: int, values: Values) -> None:
    counters, histograms, gauges = values
    write(folder, "counter", pid, {counter(path): value for path, value in counters.items()})
    for path, buckets in histograms.items():
        write(folder, "histogram", pid, histogram(path, buckets))
    for mode, value in gauges.items():
        key = mmap_key(f"g_{mode}", f"g_{mode}", [], [], "Gauge.")
        write(folder, f"gauge_{mode}", pid, {key: value})


@settings(max_examples=60)
@given(workers=st.lists(worker, min_size=1, max_size=4), later=worker)
def test_picture_is_the_library_s_for_any_workers(workers: list[Values], later: Values) -> None:
    """Any labels, kinds and values; again after more was written into the same files."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        # Pids of live processes: this one, its parent, and their like.
        pids = [os.getpid(), os.getppid(), 1, 2]
        for pid, values in zip(pids, workers, strict=False):
            write_worker(folder, pid, values)
        merged = MergedFiles(folder)
        assert read_samples(merged.render(is_openmetrics=False)) == library_samples(folder)
        write_worker(folder, os.getpid(), later)
        assert read_samples(merged.render(is_openmetrics=False)) == library_samples(folder)


@settings(max_examples=40)
@given(workers=st.lists(worker, min_size=1, max_size=4))
def test_sums_are_the_same_before_and_after_workers_die(workers: list[Values]) -> None:
    """The dead leave their counts in the archive and one file a kind."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number, values in enumerate(workers):
            write_worker(folder, DEAD + number, values)
        before = library_samples(folder)
        after = read_samples(MergedFiles(folder).render(is_openmetrics=False))
        lasting = {key: value for key, value in before.items() if not _is_of_the_living(key[0])}
        assert after == lasting
        owners = {file.owner for file in metric_files.list_files(folder)}
        assert owners <= {"archive"}


@settings(max_examples=60)
@given(sums=st.lists(st.integers(0, 10**15).map(lambda n: n / 1e9), min_size=2, max_size=5))
def test_sum_of_fractions_is_the_same_to_its_last_digit_as_workers_die(sums: list[float]) -> None:
    """Prometheus takes a counter that falls, by however little, for one that began anew."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        pids = [os.getpid(), os.getppid(), 1, 2, 3][: len(sums)]
        for pid, value in zip(pids, sums, strict=True):
            write(folder, "counter", pid, {counter("/"): value})
            write(folder, "histogram", pid, histogram("/", [value, 1.0, 1.0]))
        merged = MergedFiles(folder)
        before = read_samples(merged.render(is_openmetrics=False))
        for pid in pids:
            for kind in ("counter", "histogram"):
                (folder / f"{kind}_{pid}.db").rename(folder / f"{kind}_{DEAD + pid}.db")
            # The sums of values are what may come out otherwise; buckets hold whole numbers.
            now = read_samples(merged.render(is_openmetrics=False))
            for key in (HITS, ("wait_sum", frozenset({("path", "/")}))):
                assert now[key] == before[key]
        assert {file.owner for file in metric_files.list_files(folder)} == {"archive"}


def _is_of_the_living(name: str) -> bool:
    return name.startswith(("g_live", "g_all"))


@pytest.mark.parametrize("size", [0, 3, 4, 8, 40, 65536])
def test_torn_or_empty_file_does_not_fail_the_scrape(tmp_path: Path, size: int) -> None:
    """A worker that is just starting, or was killed while it wrote."""
    write(tmp_path, "counter", os.getpid(), {counter("/"): 3.0})
    whole = (tmp_path / f"counter_{os.getpid()}.db").read_bytes()
    torn = whole[:size] if size < 65536 else struct.pack("i", 2**30) + whole[4:]
    (tmp_path / "counter_1.db").write_bytes(torn)
    (tmp_path / "gauge_livesum_1.db").write_bytes(torn)
    merged = MergedFiles(tmp_path)
    assert read_samples(merged.render(is_openmetrics=False))[HITS] == 3


def test_file_that_grows_is_read_on(tmp_path: Path) -> None:
    """Files double when they are full; the values found before stay right."""
    merged = MergedFiles(tmp_path)
    for count in (10, 2_000):
        values = {counter(f"/{number}/{'x' * 40}"): 1.0 for number in range(count)}
        write(tmp_path, "counter", os.getpid(), values)
        assert len(read_samples(merged.render(is_openmetrics=False))) == count


def test_crash_between_archive_and_removal_counts_once(tmp_path: Path) -> None:
    """The archive names the files it holds; one that is still there is not taken twice."""
    path = write(tmp_path, "counter", DEAD, {counter("/"): 5.0})
    content = path.read_bytes()
    inode = path.stat().st_ino
    keep = tmp_path / "kept"
    os.link(path, keep)
    archive.fold_dead(tmp_path)
    keep.rename(path)  # as if the unlink had not happened
    assert (path.stat().st_ino, path.read_bytes()) == (inode, content)
    archive.fold_dead(tmp_path)
    write(tmp_path, "counter", DEAD + 1, {counter("/"): 2.0})
    text = MergedFiles(tmp_path).render(is_openmetrics=False)
    assert read_samples(text)[HITS] == 7


WORKER = """
import sys
from pathlib import Path
from burnrate.telemetry.workers import multiprocess
multiprocess.activate(Path(sys.argv[1]))
from prometheus_client import CollectorRegistry, Counter, Histogram
registry = CollectorRegistry()
counter = Counter("work", "Work.", ["kind"], registry=registry)
seconds = Histogram("work_seconds", "Work.", registry=registry, buckets=(0.1, 1.0))
for number in range(int(sys.argv[2])):
    counter.labels(str(number % 7)).inc()
    seconds.observe(0.5, {"trace_id": f"{number:032x}"})
print("done", flush=True)
sys.stdin.read()
"""


def start_worker(folder: Path, count: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WORKER, str(folder), str(count)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe)


def totals(merged: MergedFiles) -> tuple[float, float]:
    try:
        found = read_samples(merged.render(is_openmetrics=False))
    except NoFilesError:  # before the first worker
        return 0.0, 0.0
    work = sum(value for (name, _), value in found.items() if name == "work_total")
    return work, found.get(("work_seconds_count", frozenset()), 0.0)


def test_scraper_without_pause_sees_no_counter_fall_while_workers_die(tmp_path: Path) -> None:
    """Workers count, are killed and folded; every sum is monotonic and the last one exact."""
    rounds, count = 12, 3_000
    stop = threading.Event()
    falls: list[str] = []
    scrapes = 0

    def scrape() -> None:
        nonlocal scrapes
        merged, last = MergedFiles(tmp_path), (0.0, 0.0)
        while not stop.is_set():
            now = totals(merged)
            if now[0] < last[0] or now[1] < last[1] or now[0] > rounds * count:
                falls.append(f"{last} -> {now}")
            last = now
            scrapes += 1

    scrapers = [threading.Thread(target=scrape) for _ in range(2)]
    for thread in scrapers:
        thread.start()
    for _ in range(rounds // 2):
        pair = [start_worker(tmp_path, count) for _ in range(2)]
        for process in pair:
            assert process.stdout is not None
            process.stdout.readline()
            process.kill()
            process.communicate()
        archive.fold_dead(tmp_path)
    stop.set()
    for thread in scrapers:
        thread.join()
    assert falls == []
    assert scrapes > rounds
    assert totals(MergedFiles(tmp_path)) == (rounds * count, rounds * count)
    assert len(list(tmp_path.iterdir())) == 3, "two archives and the lock"


def exemplar_lines(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for family in parse_openmetrics(text):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            if sample.exemplar:
                yield sample.labels["le"], sample.exemplar.labels


def test_exemplars_of_live_workers_are_shown_in_openmetrics_only(tmp_path: Path) -> None:
    """The latest of all workers stands on its bucket; a dead worker's go with it."""
    process = start_worker(tmp_path, 100)
    assert process.stdout is not None
    process.stdout.readline()
    merged = MergedFiles(tmp_path)
    text = merged.render(is_openmetrics=True)
    assert list(exemplar_lines(text)) == [("1.0", {"trace_id": f"{99:032x}"})]
    assert "trace_id" not in merged.render(is_openmetrics=False)
    process.communicate()
    assert list(exemplar_lines(merged.render(is_openmetrics=True))) == []


def test_archive_is_one_the_library_can_read(tmp_path: Path) -> None:
    """Its format stays the library's; only the list behind the entries is ours."""
    write(tmp_path, "counter", DEAD, {counter("/"): 5.0})
    archive.fold_dead(tmp_path)
    (file,) = metric_files.list_files(tmp_path)
    values = MmapedDict.read_all_values_from_file(str(file.path))  # type: ignore[no-untyped-call]
    assert [(json.loads(key)[1], value) for key, value, *_ in values] == [("hits_total", 5.0)]


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("counter", b"no JSON"),
        ("counter", b'["hits", "hits_total"]'),
        ("counter", b'["a", "a_total", {"x": 1}, "A."]'),
        ("counter", b'["a", "a_total", {}, "A."], ["b", "b_total", {}, "B."]'),
        ("histogram", b'["wait", "wait_bucket", {"path": "/"}, "Wait."]'),
        ("histogram", b'["wait", "wait_bucket", {"le": "?"}, "Wait."]'),
        ("gauge_livesum", b"\xff\xfe"),
        ("gauge_livesum", b'["g", "g", {"x": 1}, "G."]'),
    ],
)
def test_damaged_key_hides_no_other(tmp_path: Path, kind: str, key: bytes) -> None:
    """A disk error or a stranger's hand takes along what it hit, not each scrape from then on."""
    write(tmp_path, "counter", os.getpid(), {counter("/"): 3.0})
    (tmp_path / f"{kind}_1.db").write_bytes(metric_files.pack([(key, 1.0, 0.0)]))
    merged = MergedFiles(tmp_path)
    for _ in range(2):
        assert read_samples(merged.render(is_openmetrics=False)) == {HITS: 3}
    write(tmp_path, "counter", os.getpid(), {counter("/new"): 1.0})
    assert len(read_samples(merged.render(is_openmetrics=True))) == 2


@pytest.mark.parametrize("tail", [b"{", b"\xff"])
def test_damaged_archive_takes_in_the_dead_all_the_same(tmp_path: Path, tail: bytes) -> None:
    """Otherwise their files would pile up."""
    content = metric_files.pack([(counter("/").encode(), 2.0, 0.0)])
    (tmp_path / "counter_archive.db").write_bytes(content + tail)
    dead = write(tmp_path, "counter", DEAD, {counter("/"): 3.0})
    merged = MergedFiles(tmp_path)
    assert read_samples(merged.render(is_openmetrics=False)) == {HITS: 5}
    assert not dead.exists()


def test_file_that_somebody_cuts_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """And as a whole again once it is whole."""
    path = write(tmp_path, "counter", 1, {counter("/"): 3.0})
    whole = path.read_bytes()
    merged = MergedFiles(tmp_path)
    for content, expected in ((whole, {HITS: 3}), (b"", {HITS: 0}), (whole, {HITS: 3})):
        path.write_bytes(content)
        assert read_samples(merged.render(is_openmetrics=False)) == expected


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """A pipe would never end."""
    write(tmp_path, "counter", os.getpid(), {counter("/"): 3.0})
    (tmp_path / "counter_1.db").mkdir()
    os.mkfifo(tmp_path / "gauge_livesum_1.db")
    merged = MergedFiles(tmp_path)
    assert read_samples(merged.render(is_openmetrics=False)) == {HITS: 3}
