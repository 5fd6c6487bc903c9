"""A part whose main process ended leaves nothing behind."""

import pytest

from burnrate.stack.processes.supervision.reaper import end_group


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
