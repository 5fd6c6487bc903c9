"""A part whose main process ended leaves nothing behind."""

import subprocess
import sys

import pytest

from burnrate.process_reaper import end_group


def test_a_group_is_never_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that could not be started has the id 0, which would be our own group."""
    killed: list[int] = []
    monkeypatch.setattr("os.killpg", lambda pid, _signal: killed.append(pid))

    class Process:
        """As supervisord's own."""

        def __init__(self, pid: int) -> None:
            self.pid = pid

    class Event:
        """As supervisord's own."""

        def __init__(self, pid: int) -> None:
            self.process = Process(pid)

    for pid in (0, 1, 4711):
        end_group(Event(pid))
    assert killed == [4711]


def test_supervisord_gets_no_more_of_the_command_than_it_needs() -> None:
    """It runs as long as the stack does."""
    code = (
        "import sys, burnrate.process_reaper\n"
        "print(sorted(name for name in sys.modules if name.startswith('burnrate.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['burnrate.process_reaper']\n"
