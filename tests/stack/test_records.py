"""Which processes are the stack's own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from burnrate.stack import records
from burnrate.stack.layout import Layout
from burnrate.stack.records import Identity, Running, StartedPart, stop_order


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A state directory."""
    layout = Layout(tmp_path, tmp_path / ".burnrate")
    (layout.run / "worker").mkdir(parents=True)
    return layout


# Leads a group with a child, as nginx does; the child is told apart by what it ignores.
_GROUP = """
import os, signal, sys, time
if os.fork() == 0:
    if "stubborn" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
print("ready", flush=True)
time.sleep(60)
"""


class Group:
    """A running process group, noted as a part's start script notes it."""

    def __init__(self, layout: Layout, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _GROUP, *arguments], stdout=subprocess.PIPE, process_group=0
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()
        found = records.find_process(self.process.pid)
        assert found is not None
        self.note(layout, found.pid, found.start_ticks, found.session)

    @staticmethod
    def note(layout: Layout, pid: int, start_ticks: int, session: int) -> None:
        """Write the leader file."""
        text = f"{pid} {start_ticks} {session}\n"
        records.leader_file(layout, "worker").write_text(text, encoding="ascii")

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


def _part(grace_seconds: float = 5) -> StartedPart:
    return StartedPart(
        name="worker", depends_on=(), stop_signal="TERM", grace_seconds=grace_seconds, digest=""
    )


def test_a_part_is_its_whole_group(layout: Layout, group: Group) -> None:
    """Main process and child."""
    assert len(records.members(layout, "worker")) == 2
    assert group.process.pid in {process.pid for process in records.members(layout, "worker")}


def test_children_of_a_dead_main_process_still_belong_to_the_part(
    layout: Layout, group: Group
) -> None:
    """A killed nginx leaves workers that hold its port."""
    group.process.kill()
    group.process.wait()
    left = records.members(layout, "worker")
    assert len(left) == 1
    records.end_part(layout, _part())
    assert records.members(layout, "worker") == []


def test_ending_a_part_ends_what_ignores_the_signal_too(layout: Layout) -> None:
    """After the grace comes SIGKILL, for the group."""
    group = Group(layout, "stubborn")
    began = time.monotonic()
    # The parent must reap, or the kernel keeps the dead main process in the list.
    records.end_part(layout, _part(grace_seconds=0.3))
    assert time.monotonic() - began >= 0.3
    assert records.members(layout, "worker") == []
    group.end()


@pytest.mark.parametrize(("start", "session"), [(-1, 0), (1_000_000, 0), (0, 1)])
def test_a_stranger_with_the_same_id_and_its_group_are_never_a_part(
    layout: Layout, group: Group, start: int, session: int
) -> None:
    """Ids are used again: start time and session tell."""
    found = records.find_process(group.process.pid)
    assert found is not None
    group.note(layout, found.pid, found.start_ticks + start, found.session + session)
    assert records.members(layout, "worker") == []
    records.end_part(layout, _part(grace_seconds=0))
    assert group.process.poll() is None


def test_an_identity_dies_with_its_process() -> None:
    """Also while nobody has collected the exit code."""
    process = subprocess.Popen(["sleep", "60"])
    identity = records.identify(process.pid)
    assert identity is not None
    assert records.is_alive(identity)
    assert not records.is_alive(identity.model_copy(update={"start_ticks": 1}))
    assert records.end_process(identity, signal.SIGTERM, timeout_seconds=5)
    assert not records.is_alive(identity)
    process.wait()


def test_the_record_of_a_stack_survives_the_command_that_wrote_it(layout: Layout) -> None:
    """Written by one command, read by the next."""
    running = Running(
        mode="processes",
        boot_id=records.boot_id(),
        supervisor=Identity(pid=1, start_ticks=2),
        parts=(_part(),),
    )
    records.write_running(layout, running)
    assert records.read_running(layout) == running
    records.forget_running(layout)
    assert records.read_running(layout) is None


def test_after_a_reboot_no_process_is_ours(layout: Layout) -> None:
    """Ids of the last boot mean nothing; containers come back by themselves."""
    records.write_running(layout, Running(mode="processes", boot_id="another"))
    assert records.read_running(layout) is None
    containers = Running(mode="containers", boot_id="another")
    records.write_running(layout, containers)
    assert records.read_running(layout) == containers


def test_a_damaged_record_is_none(layout: Layout) -> None:
    """A full disk may have cut it short."""
    (layout.run / "stack.json").write_text('{"mode": "proc', encoding="utf-8")
    assert records.read_running(layout) is None


def test_nothing_stops_before_what_depends_on_it() -> None:
    """The order of the start, backwards; a circle does not hang."""

    def started(name: str, *depends_on: str) -> StartedPart:
        return StartedPart(
            name=name, depends_on=depends_on, stop_signal="TERM", grace_seconds=1, digest=""
        )

    parts = [started("db"), started("api", "db", "gone"), started("proxy", "api"), started("x")]
    order = [[part.name for part in level] for level in stop_order(parts)]
    assert order == [["proxy", "x"], ["api"], ["db"]]
    assert len(stop_order([started("a", "b"), started("b", "a")])) == 1
