"""The process for long documents: as right as the service itself, and nobody's burden."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from api.backends.time_slices import OutOfTime
from api.documents.analyst import Analyst, AnalystGone
from api.documents.job import MAX_CHARACTERS, Job
from tests.support.waiting import PATIENCE_SECONDS, wait_until

LONG_SECONDS = 10 * PATIENCE_SECONDS


@pytest.fixture
def analyst() -> Iterator[Analyst]:
    """Return one, and end its process."""
    analyst = Analyst()
    yield analyst
    analyst.close()
    assert not processes()


def processes() -> list[psutil.Process]:
    """Return the analysts' processes of this one."""
    return [
        child
        for child in psutil.Process().children()
        if child.is_running() and "api.documents.worker" in child.cmdline()
    ]


def autogroup(process_id: int) -> int:
    """Return the niceness of a process' session; 0 where sessions have none."""
    try:
        words = Path(f"/proc/{process_id}/autogroup").read_text().split()
    except OSError:
        return 0
    return int(words[-1]) if words else 0


def job(folder: Path, content: bytes, *, seconds: float = LONG_SECONDS) -> Job:
    """Return the job of a page."""
    file = folder / "document"
    file.write_bytes(content)
    return Job(str(file), "utf-8", is_html=True, seconds=seconds)


def test_analyst_finds_the_same_and_comes_after_who_serves(
    analyst: Analyst, tmp_path: Path
) -> None:
    """One process for all documents, to which the scheduler gives what others leave."""
    page = job(tmp_path, b"<p>Budgets burn, budgets \xc3\xa4 burn; budgets.</p>" * 2_000)
    assert analyst.analyse(page) == page.analyse()
    [process] = processes()
    assert analyst.analyse(job(tmp_path, b"<p>Budgets.</p>")).words == 1
    assert processes() == [process]
    assert process.nice() > os.getpriority(os.PRIO_PROCESS, 0)
    # Niceness counts among the processes of a session; between sessions it is that of their groups.
    assert os.getsid(process.pid) == process.pid
    if group := autogroup(process.pid):
        assert group > autogroup(os.getpid())


def test_document_that_takes_too_long_is_given_up(analyst: Analyst, tmp_path: Path) -> None:
    """Before it has begun too."""
    with pytest.raises(OutOfTime):
        analyst.analyse(job(tmp_path, b"<p>Budgets.</p>", seconds=-1))
    assert analyst.analyse(job(tmp_path, b"<p>Budgets.</p>")).words == 1


def test_process_that_is_killed_takes_one_document_with_it(
    analyst: Analyst, tmp_path: Path
) -> None:
    """The next one gets another process."""
    analyst.analyse(job(tmp_path, b"<p>Budgets.</p>"))
    [process] = processes()
    process.suspend()
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "the process to stand still")
    killer = threading.Timer(0.01, process.kill)
    killer.start()
    with pytest.raises(AnalystGone):
        analyst.analyse(job(tmp_path, b"<" * MAX_CHARACTERS))
    killer.join()
    assert analyst.analyse(job(tmp_path, b"<p>Budgets.</p>")).words == 1


def test_process_that_cannot_be_had_is_gone(
    analyst: Analyst, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No memory, no process ids: a later attempt may find some."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "none"))
    with pytest.raises(AnalystGone):
        analyst.analyse(job(tmp_path, b"<p>Budgets.</p>"))
    monkeypatch.undo()
    assert analyst.analyse(job(tmp_path, b"<p>Budgets.</p>")).words == 1


def test_process_ends_with_whoever_needs_it(analyst: Analyst, tmp_path: Path) -> None:
    """A worker that is killed says nothing: its end of the socket is gone, that is all."""
    analyst.analyse(job(tmp_path, b"<p>Budgets.</p>"))
    [process] = processes()
    assert analyst._process is not None
    analyst._process._answers.close()
    analyst._process._socket.close()
    wait_until(lambda: process.status() == psutil.STATUS_ZOMBIE, "its end")
