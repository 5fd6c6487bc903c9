"""A full disk costs what cannot be written, and no request."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.api import ApiServer, running_api
from tests.servers.disks import small_disk
from tests.support.samples import read_samples
from tests.support.waiting import wait_until

PATHS = ("/users", "/posts/1", "/nowhere", "/posts")
USUAL = {200: 20, 404: 20}


def _ask(api: ApiServer) -> Counter[int]:
    with api.client(headers={"Connection": "close"}) as client:
        return Counter(client.get(PATHS[number % 4]).status_code for number in range(40))


def test_requests_are_answered_where_metrics_cannot_be_written(backends: dict[str, str]) -> None:
    """Also by a worker that starts on the full disk, and the log says what is lost."""
    with (
        small_disk("4m") as disk,
        running_api(**backends, TMPDIR=str(disk.folder), WEB_CONCURRENCY="2") as api,
    ):
        assert _ask(api) == USUAL
        disk.fill()
        victim = api.worker_pids()[0]
        os.kill(victim, signal.SIGKILL)
        wait_until(
            lambda: victim not in api.worker_pids() and api.count_started() == 3, "a new worker"
        )
        assert _ask(api) == USUAL
        lines = api.log_lines()
        assert [line for line in lines if line.get("part") == "files"]
        assert "Worker failed to boot." not in {line["message"] for line in lines}
        with api.client() as client:
            assert client.get("/metrics").status_code == 200


def test_requests_are_answered_where_the_log_cannot_be_written(backends: dict[str, str]) -> None:
    """They wait, as many as the buffer holds, and are written when there is room again."""
    with small_disk("64k") as disk, _running_in(disk.folder, backends) as api:
        disk.fill()
        assert _ask(api) == USUAL
        with api.client() as client:
            failures = ("telemetry_failures_total", frozenset({("part", "logs")}))
            wait_until(
                lambda: read_samples(client.get("/metrics").text)[failures] >= 1, "a failed write"
            )
        disk.clear()
        assert _ask(api) == USUAL
        wait_until(lambda: _count_requests(api) == 80, "the lines of all requests")
        with api.client() as client:
            samples = read_samples(client.get("/metrics").text)
        assert samples["telemetry_log_lines_total", frozenset({("result", "dropped")})] == 0


def _count_requests(api: ApiServer) -> int:
    paths = Counter(line.get("path") for line in api.log_lines())
    return sum(paths[path] for path in PATHS)


@contextmanager
def _running_in(folder: Path, backends: dict[str, str]) -> Iterator[ApiServer]:
    # One worker: where a disk fills amid a line, another's next line may follow at once.
    with ApiServer(folder, {**backends, "WEB_CONCURRENCY": "1"}).running() as server:
        yield server
