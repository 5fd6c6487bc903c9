"""What happens to the folder of the metric files ends no worker, no master and no scrape."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.disks import small_disk
from tests.support.waiting import wait_until
from tests.telemetry.scraping import scraping
from tests.telemetry.service import Service, running

pytestmark = pytest.mark.integration

PATH = "/shop/orders/7"
WORKERS = 2


def requests(service: Service) -> float:
    return service.value(
        "http_requests_total", method="GET", endpoint="/shop/orders/{order}", status="200"
    )


def failures(service: Service, part: str) -> float:
    return service.value("telemetry_failures_total", part=part)


def folder_of(service: Service) -> Path:
    (folder,) = service.output.parent.glob("**/burnrate-metrics-*")
    return folder


def ask(service: Service, times: int) -> None:
    for _ in range(times):
        assert service.get(PATH)[0] == 200


def lose_a_worker(service: Service) -> None:
    """Kill one, and wait for the next."""
    victim = service.worker_pids()[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(
        lambda: victim not in service.worker_pids() and len(service.worker_pids()) == WORKERS,
        "another worker",
    )
    wait_until(lambda: service.get(PATH)[0] == 200, "an answer")


def remove(folder: Path) -> None:
    """At one moment: the workers make it anew while it is being emptied."""
    gone = folder.with_name("gone")
    folder.rename(gone)
    shutil.rmtree(gone)


@pytest.mark.parametrize("is_folder_gone", [True, False])
def test_removed_files_are_made_anew_and_nothing_falls(
    tmp_path: Path, *, is_folder_gone: bool
) -> None:
    """Under a scraper without pause; afterwards workers may die as ever."""
    with running(tmp_path, WORKERS=str(WORKERS)) as service:
        ask(service, 20)
        wait_until(lambda: requests(service) == 20, "the counts")
        # Every worker has scraped, and so holds what the others write.
        for _ in range(20):
            requests(service)
        folder = folder_of(service)
        with scraping(service) as fallen:
            if is_folder_gone:
                remove(folder)
            else:
                for path in folder.iterdir():
                    path.unlink()
            owners = [*service.worker_pids()]
            wait_until(
                lambda: all((folder / f"counter_{pid}.db").exists() for pid in owners), "files"
            )
            ask(service, 5)
            wait_until(lambda: requests(service) == 25, "the counts")
        assert fallen == []
        lose_a_worker(service)
        wait_until(lambda: service.value("worker_exits_total", reason="killed") == 1)
        assert failures(service, "files") >= 1
        told = [line for line in service.lines if line["logger"] == "burnrate.telemetry"]
        assert {line["part"] for line in told} == {"files"}
        assert len(told) <= 1 + WORKERS + 1, "once for each process"


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write there for the block, as on a file system with errors."""
    for options in (["--bind"], ["-o", "remount,ro,bind"]):
        subprocess.run(["mount", *options, str(folder), str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("trouble", ["gone for good", "read-only", "full"])
def test_worker_that_dies_meanwhile_takes_nobody_with_it(tmp_path: Path, trouble: str) -> None:
    """The master starts another one, requests and scrapes are answered."""
    with (
        small_disk("4m") as disk,
        running(tmp_path, WORKERS=str(WORKERS), TMPDIR=str(disk.folder)) as service,
    ):
        ask(service, 10)
        (folder,) = disk.folder.glob("burnrate-metrics-*")
        if trouble == "full":
            disk.fill()
            lose_a_worker(service)
        elif trouble == "read-only":
            with read_only(folder):
                lose_a_worker(service)
                assert failures(service, "files") >= 1
        else:
            remove(folder)
            folder.write_text("in the way")
            lose_a_worker(service)
        assert service.process.poll() is None
        for _ in range(8):
            assert service.get("/metrics")[0] == 200
        ask(service, 10)
        assert "Worker failed to boot." not in {line["message"] for line in service.lines}


def test_start_without_any_place_for_files_is_a_start(tmp_path: Path) -> None:
    """Each worker then counts for itself, in its memory."""
    with running(tmp_path, WORKERS="1", PROMETHEUS_MULTIPROC_DIR="/dev/null/no/folder") as service:
        ask(service, 3)
        assert requests(service) == 3


def test_what_cleans_by_age_leaves_live_files_alone(tmp_path: Path) -> None:
    """systemd-tmpfiles, asked to remove what is older than a second."""
    if shutil.which("systemd-tmpfiles") is None:
        pytest.skip("needs systemd-tmpfiles")
    with running(tmp_path, WORKERS=str(WORKERS)) as service:
        folder = folder_of(service)
        (tmp_path / "old").mkdir()
        old = tmp_path / "old" / "file"
        old.touch()
        rules = tmp_path / "rules.conf"
        rules.write_text(f"d {tmp_path} - - - 1s\n")
        names = {path.name for path in folder.iterdir()}

        def clean() -> bool:
            subprocess.run(["systemd-tmpfiles", "--clean", str(rules)], check=True)
            return not old.exists()

        wait_until(clean, "the cleaner to remove what nobody holds")
        assert {path.name for path in folder.iterdir()} >= names
