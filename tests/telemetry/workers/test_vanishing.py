"""Metric files that somebody removes, that cannot be written, or that an earlier process left."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from burnrate.telemetry import failures
from burnrate.telemetry.workers import archive, metric_files
from burnrate.telemetry.workers.archive import HeldArchives
from burnrate.telemetry.workers.merge import MergedFiles, NoFilesError
from burnrate.telemetry.workers.owners import UNKNOWN, is_alive, own_token, token_of
from burnrate.telemetry.workers.store import Store
from burnrate.telemetry.workers.values import make_value_class
from tests.servers.disks import small_disk
from tests.support.samples import Samples, read_samples
from tests.telemetry.workers.files import DEAD, write

Value = Callable[..., Any]
HITS = ("hits_total", frozenset({("path", "/")}))
USERS = ("users", frozenset[tuple[str, str]]())


class Process:
    """What a worker counts, in the folder; this process stands for one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder)
        self.value: Value = make_value_class(self.store)
        self.hits = self.counter("/")
        self.users = self.value("gauge", "users", "users", [], [], "Users.", "livesum")
        self.merged = MergedFiles(folder)

    def counter(self, path: str) -> Any:  # noqa: ANN401 - the class is made at run time
        return self.value("counter", "hits", "hits_total", ["path"], [path], "Hits.")

    def shown(self) -> Samples:
        return read_samples(self.merged.render(is_openmetrics=False))


@pytest.fixture
def process(tmp_path: Path) -> Process:
    folder = tmp_path / "metrics"
    folder.mkdir()
    return Process(folder)


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def remove_files(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize("remove", [remove_folder, remove_files])
def test_values_come_back_where_they_were_removed(
    process: Process, remove: Callable[[Path], None]
) -> None:
    """Counters where they stood, gauges as they are, and both go on."""
    process.hits.inc(3.0)
    process.users.set(7.0)
    remove(process.folder)
    process.hits.inc(1.0)
    process.store.keep()
    process.hits.inc(1.0)
    process.users.set(6.0)
    process.counter("/new").inc(2.0)
    # Another process, which has never seen the first files.
    shown = read_samples(MergedFiles(process.folder).render(is_openmetrics=False))
    assert (shown[HITS], shown[USERS]) == (5, 6)
    assert shown["hits_total", frozenset({("path", "/new")})] == 2


def test_no_counter_falls_before_a_file_is_made_anew(process: Process) -> None:
    """Whoever has scraped before reads on what was removed, as long as its worker lives."""
    process.hits.inc(3.0)
    assert process.shown()[HITS] == 3
    shutil.rmtree(process.folder)
    process.hits.inc(1.0)
    assert process.shown()[HITS] == 4
    process.store.keep()
    process.hits.inc(1.0)
    assert process.shown()[HITS] == 5


def test_what_the_dead_have_counted_is_put_back(process: Process) -> None:
    """The archive stands nowhere else, so whoever lives holds it open."""
    write(process.folder, "counter", DEAD, {process.hits.key: 10.0})
    process.hits.inc(1.0)
    held = HeldArchives(process.folder)
    archive.fold_dead(process.folder)
    held.keep()
    write(process.folder, "counter", DEAD + 1, {process.hits.key: 100.0})
    archive.fold_dead(process.folder)
    held.keep()
    shutil.rmtree(process.folder)
    process.store.keep()
    held.keep()
    shown = read_samples(MergedFiles(process.folder).render(is_openmetrics=False))
    assert shown[HITS] == 111


def test_values_of_one_key_add_up(process: Process) -> None:
    """Two applications of one process, each with a registry of its own, count in one series."""
    process.hits.inc(1.0)
    other = process.counter("/")
    other.inc(2.0)
    process.hits.inc(4.0)
    assert process.shown()[HITS] == process.hits.get() == other.get() == 7
    shutil.rmtree(process.folder)
    process.store.keep()
    process.hits.inc(1.0)
    other.inc(1.0)
    assert process.shown()[HITS] == 9


def test_folder_that_cannot_be_used_costs_others_sight_and_no_value(tmp_path: Path) -> None:
    """There is a file where the folder should be; as soon as there is not, all is shown."""
    folder = tmp_path / "metrics"
    folder.write_text("in the way")
    before = failures.failures.begin().labels("files")._value.get()
    process = Process(folder)
    process.hits.inc(2.0)
    process.store.keep()
    assert process.hits.get() == 2
    with pytest.raises(NoFilesError):
        process.shown()
    assert failures.failures.begin().labels("files")._value.get() > before
    folder.unlink()
    process.store.keep()
    process.hits.inc(1.0)
    assert process.shown()[HITS] == 3


def test_values_of_a_full_disk_are_shown_when_there_is_room_again() -> None:
    """Also those that came while it was full, and with the names of series that came then."""
    with small_disk("1m") as disk:
        process = Process(disk.folder)
        process.hits.inc(1.0)
        disk.fill()
        many = [process.counter(f"/{number}/{'x' * 90}") for number in range(1_000)]
        for each in many:
            each.inc(1.0)
        process.hits.inc(1.0)
        process.store.keep()
        assert process.shown()[HITS] == 2, "what had its place is written on"
        disk.clear()
        process.store.keep()
        assert len(process.shown()) == len(many) + 2
        assert process.shown()[HITS] == 2


def test_scrapes_go_on_where_the_folder_is_read_only_by_now(tmp_path: Path) -> None:
    """A file system with errors is mounted so; what was mapped before is written on."""
    with small_disk("1m") as disk:
        process = Process(disk.folder)
        write(disk.folder, "counter", DEAD, {process.hits.key: 10.0})
        process.hits.inc(1.0)
        for options in (["--bind"], ["-o", "remount,ro,bind"]):
            command = ["mount", *options, str(disk.folder), str(disk.folder)]
            subprocess.run(command, check=True)
        try:
            process.hits.inc(1.0)
            process.store.keep()
            assert process.shown()[HITS] == 12
            assert not list(tmp_path.iterdir())
        finally:
            subprocess.run(["umount", "--lazy", str(disk.folder)], check=True)


def test_no_gauge_survives_its_process_where_its_number_is_used_again(tmp_path: Path) -> None:
    """A container that was killed and started anew on one volume: the same numbers again."""
    before = Process(tmp_path)
    before.hits.inc(5.0)
    before.users.set(7.0)
    for path in tmp_path.glob("*.db"):  # as left by an earlier process with this number
        content = path.read_bytes()
        path.write_bytes(
            metric_files.header(0, own_token() ^ 1)[4:].join((content[:4], content[8:]))
        )
    assert before.shown() == {HITS: 5}, "its gauge is not shown, its counts are in the archive"
    now = Process(tmp_path)
    now.hits.inc(1.0)
    assert (now.shown()[HITS], now.shown()[USERS]) == (6, 0)


def test_gauge_that_the_library_left_under_this_number_is_not_taken_over(tmp_path: Path) -> None:
    """Its files do not say which process they are of."""
    key = make_value_class(Store(tmp_path))("gauge", "g", "g", [], [], "G.", "livesum").key
    for path in tmp_path.iterdir():
        path.unlink()
    write(tmp_path, "gauge_livesum", os.getpid(), {key: 7.0})
    assert make_value_class(Store(tmp_path))("gauge", "g", "g", [], [], "G.", "livesum").get() == 0


def test_process_is_told_from_an_earlier_one_with_its_number() -> None:
    """By the time at which it began."""
    assert own_token() == token_of(os.getpid()) != UNKNOWN
    assert is_alive(os.getpid())
    assert is_alive(os.getpid(), own_token())
    assert not is_alive(os.getpid(), own_token() ^ 1)
    assert not is_alive(DEAD)


def test_lock_that_a_stopped_process_holds_delays_and_does_not_hang(tmp_path: Path) -> None:
    """Gunicorn's master must go on starting workers."""
    with archive.locked(tmp_path, exclusive=True), pytest.raises(TimeoutError):
        archive.fold_dead(tmp_path, patience_seconds=0.05)
