"""Which processes are the stack's own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from burnrate.stack.layout import Layout
from burnrate.stack.processes.supervision import ownership
from burnrate.stack.stack_record import PartRecord
from tests.support.waiting import wait_until


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A state directory."""
    layout = Layout(tmp_path, tmp_path / ".burnrate")
    (layout.run / "worker").mkdir(parents=True)
    return layout


# Leads a group with a child, as nginx does. The child may ignore the signal, and the main process
# may take its time to end.
_GROUP = """
import os, signal, sys, time
child = os.fork()
if child == 0:
    if "stubborn" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
def end(*_):
    os.kill(child, signal.SIGTERM)
    os.wait()
    time.sleep(0.5)
    os._exit(0)
if "slow" in sys.argv:
    signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""


class Group:
    """A running process group, noted as a part's start script notes it."""

    def __init__(self, layout: Layout, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _GROUP, *arguments], stdout=subprocess.PIPE, process_group=0
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()
        found = ownership.find_process(self.process.pid)
        assert found is not None
        self.note(layout, found.pid, found.start_ticks, found.session)

    @staticmethod
    def note(layout: Layout, pid: int, start_ticks: int, session: int) -> None:
        """Write the leader file."""
        text = f"{pid} {start_ticks} {session}\n"
        ownership.leader_file(layout, "worker").write_text(text, encoding="ascii")

    def end(self) -> None:
        """Kill all of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def group(layout: Layout) -> Iterator[Group]:
    """A part with two processes."""
    group = Group(layout)
    yield group
    group.end()


def _part(grace_seconds: float = 60) -> PartRecord:
    return PartRecord(
        name="worker", depends_on=(), stop_signal="TERM", grace_seconds=grace_seconds, program=""
    )


def test_a_part_is_its_whole_group(layout: Layout, group: Group) -> None:
    """Main process and child."""
    assert len(ownership.members(layout, "worker")) == 2
    assert group.process.pid in {process.pid for process in ownership.members(layout, "worker")}


def test_children_of_a_dead_main_process_still_belong_to_the_part(
    layout: Layout, group: Group
) -> None:
    """A killed nginx leaves workers that hold its port."""
    group.process.kill()
    group.process.wait()
    left = ownership.members(layout, "worker")
    assert len(left) == 1
    ownership.end_part(layout, _part())
    assert ownership.members(layout, "worker") == []


def test_ending_a_part_ends_what_ignores_the_signal_too(layout: Layout) -> None:
    """After the grace comes SIGKILL, for the group."""
    group = Group(layout, "stubborn")
    # The parent must reap, or the kernel keeps the dead main process in the list.
    ownership.end_part(layout, _part(grace_seconds=0.3))
    assert ownership.members(layout, "worker") == []
    group.end()


def test_a_part_has_its_grace_to_end(layout: Layout) -> None:
    """A main process that takes a while comes to its own end."""
    group = Group(layout, "slow")
    # The parent must reap, or the kernel keeps the dead main process in the list.
    with ThreadPoolExecutor(1) as parent:
        code = parent.submit(group.process.wait)
        ownership.end_part(layout, _part())
    assert code.result() == 0
    group.end()


@pytest.mark.parametrize(("start", "session"), [(-1, 0), (1_000_000, 0), (0, 1)])
def test_another_process_with_the_same_id_and_its_group_are_never_a_part(
    layout: Layout, group: Group, start: int, session: int
) -> None:
    """Ids are used again: start time and session tell."""
    found = ownership.find_process(group.process.pid)
    assert found is not None
    group.note(layout, found.pid, found.start_ticks + start, found.session + session)
    assert ownership.members(layout, "worker") == []
    ownership.end_part(layout, _part(grace_seconds=0))
    assert group.process.poll() is None


def test_an_identity_dies_with_its_process() -> None:
    """Also while nobody has collected the exit code."""
    process = subprocess.Popen(["sleep", "60"])
    identity = ownership.identify(process.pid)
    assert identity is not None
    assert ownership.is_alive(identity)
    assert not ownership.is_alive(identity.model_copy(update={"start_ticks": 1}))
    assert ownership.end_process(identity, signal.SIGTERM, timeout_seconds=60)
    assert not ownership.is_alive(identity)
    process.wait()


def test_a_clock_that_is_set_while_it_is_read_moves_no_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time of the boot follows the clock; a process is known by its start since the boot."""
    before = ownership.find_process(os.getpid())
    boot = psutil.boot_time()
    readings = iter([boot + 3600, boot, boot, boot])
    monkeypatch.setattr("psutil.boot_time", lambda: next(readings))
    assert ownership.find_process(os.getpid()) == before


def test_a_process_lives_until_its_last_thread_has_ended() -> None:
    """Its first one may be gone by then, and others still hold a port."""
    code = (
        "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(600,)).start();"
        "ctypes.CDLL(None).pthread_exit(None)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        found = psutil.Process(process.pid)
        wait_until(lambda: found.status() == psutil.STATUS_ZOMBIE, "the end of the first thread")
        assert ownership.find_process(process.pid) is not None
        process.kill()
        wait_until(lambda: ownership.find_process(process.pid) is None, "the end of the others")
