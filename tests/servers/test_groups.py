"""No server outlives the test that started it, however that ended."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from burnrate.stack import free_port
from tests.alerting.alertmanager import Alertmanager
from tests.alerting.servers import InboxProcess
from tests.servers.api import running_api
from tests.servers.front import running_front
from tests.servers.groups import end_group, launch_group
from tests.servers.postgres import running_postgres
from tests.servers.processes import ROOT
from tests.servers.redis import running_redis
from tests.support import waiting
from tests.support.waiting import wait_until
from tests.telemetry.service import running

pytestmark = pytest.mark.integration

_WORKERS = 8


@pytest.fixture
def leaders(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the leaders of all groups that are started from now on."""
    found: list[int] = []
    popen = subprocess.Popen

    def note(*arguments: Any, **options: Any) -> "subprocess.Popen[bytes]":  # noqa: ANN401 - Popen's
        process = popen(*arguments, **options)
        if options.get("start_new_session"):
            found.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", note)
    return found


def _alive(leaders: list[int]) -> list[psutil.Process]:
    """Return whoever lives of the groups; a zombie only waits for its parent."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getpgid(process.pid) in leaders and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@contextmanager
def _api(_folder: Path) -> Iterator[None]:
    with running_api(WEB_CONCURRENCY=str(_WORKERS)):
        yield


@contextmanager
def _postgres(_folder: Path) -> Iterator[None]:
    with running_postgres():
        yield


@contextmanager
def _redis(_folder: Path) -> Iterator[None]:
    with running_redis():
        yield


@contextmanager
def _foreign_service(folder: Path) -> Iterator[None]:
    with running(folder):
        yield


@contextmanager
def _inbox(folder: Path) -> Iterator[None]:
    inbox = InboxProcess(folder)
    inbox.start()
    try:
        yield
    finally:
        inbox.stop()


@contextmanager
def _alertmanager(folder: Path) -> Iterator[None]:
    server = Alertmanager(folder / "alertmanager", InboxProcess(folder))
    server.start()
    try:
        yield
    finally:
        server.stop()


@contextmanager
def _nginx(folder: Path) -> Iterator[None]:
    with running_front(folder, free_port()):
        yield


@pytest.mark.parametrize(
    ("start", "processes"),
    [
        (_api, 1 + _WORKERS),
        (_postgres, 1),
        (_redis, 1),
        (_foreign_service, 5),
        (_inbox, 1),
        (_alertmanager, 1),
        (_nginx, 1),
    ],
)
@pytest.mark.parametrize("error", [KeyboardInterrupt, AssertionError])
def test_a_start_that_fails_or_is_interrupted_leaves_nothing(
    leaders: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    start: Callable[[Path], AbstractContextManager[None]],
    processes: int,
    error: type[BaseException],
) -> None:
    """The error comes while the server is waited for, with all its processes there."""

    def sleep(_seconds: float) -> None:
        if len(_alive(leaders)) >= processes:
            raise error

    monkeypatch.setattr(waiting, "sleep", sleep)
    with pytest.raises(error), start(tmp_path):
        raise error  # it was ready at once
    assert leaders
    assert _alive(leaders) == []


def test_children_whose_parent_has_died_end_with_the_group(leaders: list[int]) -> None:
    """As the workers of a gunicorn that was killed."""
    code = "import os, time; os.fork(); time.sleep(600)"
    process = launch_group([sys.executable, "-c", code])
    try:
        wait_until(lambda: len(_alive(leaders)) == 2, "parent and child")
        process.kill()
        process.wait()
        assert len(_alive(leaders)) == 1
    finally:
        end_group(process)
    wait_until(lambda: _alive(leaders) == [], "the child's end")


def test_a_server_does_not_outlive_tests_that_are_killed() -> None:
    """Although they had no time to end it."""
    code = (
        "import time; from tests.servers.groups import launch_group;"
        "print(launch_group(['sleep', '600']).pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        leader = int(tests.stdout.readline())
        # Only what has become the program has already asked to end with its parent.
        wait_until(lambda: psutil.Process(leader).name() == "sleep", "the server")
        tests.kill()
    wait_until(lambda: _alive([leader]) == [], "the server's end")
