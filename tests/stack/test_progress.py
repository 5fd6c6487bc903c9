"""People are told what is waited for, and not too often."""

import subprocess
import sys

from burnrate.stack.progress import Progress, waiting_line


class Clock:
    """Moves when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_silence_is_broken_after_five_seconds() -> None:
    """What is over sooner needs no words; the same words come again after thirty seconds."""
    clock, said = Clock(), list[str]()
    progress = Progress(said.append, clock)
    for clock.now in range(70):
        progress.tell("waiting for grafana (starting)")
    assert len(said) == 3


def test_what_has_changed_is_told_sooner() -> None:
    """And news of another kind begin the silence anew."""
    clock, said = Clock(), list[str]()
    progress = Progress(said.append, clock)
    clock.now = 4
    progress.news()
    clock.now = 8
    progress.tell("one")
    assert said == []
    clock.now = 9
    progress.tell("one")
    clock.now = 14
    progress.tell("two")
    progress.tell("")
    assert said == ["one", "two"]


def test_a_process_is_waited_for() -> None:
    """Its exit code comes back."""
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        assert Progress(lambda _: None).wait(process, lambda: "") == 3


def test_what_is_waited_for_is_named_with_its_reason() -> None:
    """Nothing for nothing."""
    assert waiting_line({}) == ""
    assert (
        waiting_line({"a": "", "b": "connection refused"})
        == "waiting for a, b (connection refused)"
    )
