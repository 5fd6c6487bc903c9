"""A fault is undone whatever ends the drill."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from burnrate.drill.errors import DrillError, UndoFailed
from burnrate.drill.faults import Together, applied

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@dataclass
class FakeFault:
    """Notes what is done to it."""

    while_applied: Callable[[], None] = lambda: None
    while_undone: Callable[[], None] = lambda: None
    log: list[str] = field(default_factory=list)
    name: str = ""

    def apply(self) -> None:
        """Note it."""
        self.log.append(f"applied{self.name}")
        self.while_applied()

    def undo(self) -> None:
        """Note its beginning and its end."""
        self.log.append(f"undoing{self.name}")
        self.while_undone()
        self.log.append(f"undone{self.name}")


def ignore(_: str) -> None:
    """Say nothing."""


def kill(number: signal.Signals) -> None:
    """Send this process a signal."""
    os.kill(os.getpid(), number)


def test_a_fault_is_undone_at_the_end_of_the_block() -> None:
    """The usual way."""
    fault = FakeFault()
    with applied(fault, ignore):
        assert fault.log == ["applied"]
    assert fault.log == ["applied", "undoing", "undone"]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_block_and_the_fault(number: signal.Signals) -> None:
    """Ctrl-C, kill, and the end of the terminal."""
    fault = FakeFault()
    with pytest.raises(KeyboardInterrupt), applied(fault, ignore):
        kill(number)
    assert fault.log[-1] == "undone"


def test_a_fault_that_was_applied_in_part_is_undone() -> None:
    """By an error or by a signal in its middle."""

    def fail() -> None:
        raise DrillError("half way")

    fault = FakeFault(while_applied=fail)
    with pytest.raises(DrillError), applied(fault, ignore):
        pytest.fail("the block must not begin")
    assert fault.log[-1] == "undone"
    interrupted = FakeFault(while_applied=lambda: kill(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt), applied(interrupted, ignore):
        pytest.fail("the block must not begin")
    assert interrupted.log[-1] == "undone"


@pytest.mark.parametrize("number", SIGNALS)
def test_nothing_interrupts_the_undoing(number: signal.Signals) -> None:
    """An impatient second Ctrl-C is answered with a line."""
    said: list[str] = []
    fault = FakeFault(while_undone=lambda: kill(number))
    with pytest.raises(KeyboardInterrupt), applied(fault, said.append):
        kill(number)
    assert fault.log[-1] == "undone"
    assert said == ["the fault is being undone; please wait"]


def test_handlers_are_as_before_afterwards() -> None:
    """The next Ctrl-C is the caller's again."""
    before = [signal.getsignal(number) for number in SIGNALS]
    with applied(FakeFault(), ignore):
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_each_of_several_faults_is_undone_whatever_becomes_of_the_others() -> None:
    """In the opposite order; the failure is told."""

    def fail() -> None:
        raise UndoFailed("cannot")

    first, second = FakeFault(name=" 1"), FakeFault(while_undone=fail, name=" 2")
    second.log = first.log
    with pytest.raises(UndoFailed, match="cannot"), applied(Together([first, second]), ignore):
        pass
    assert first.log == ["applied 1", "applied 2", "undoing 2", "undoing 1", "undone 1"]


def test_a_first_signal_while_the_fault_is_undone_does_not_interrupt_it() -> None:
    """The drill is over anyway, and half an undoing is none."""
    said: list[str] = []
    fault = FakeFault(while_undone=lambda: kill(signal.SIGINT))
    with applied(fault, said.append):
        pass
    assert fault.log[-1] == "undone"
    assert said == ["the fault is being undone; please wait"]
