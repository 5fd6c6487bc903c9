"""What has happened in a drill and when: a state machine of what is observed of the stack."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Step(StrEnum):
    """What happens in a drill, in this order."""

    FAULT_ON = "fault on"
    FIRST_BAD = "first bad sample"
    OVER = "over the threshold"
    PENDING = "pending"
    FIRING = "firing"
    SENT = "notification sent"
    INBOX_BACK = "inbox back"
    STORED = "stored in the inbox"
    LATE = "the inbox misses its watchdog"
    FAULT_OFF = "fault off"
    RESOLVED = "resolved in the inbox"
    HEARD = "the inbox hears its watchdog"


State = Literal["inactive", "pending", "firing"]

ALERT_STEPS = (Step.FIRST_BAD, Step.OVER, Step.PENDING, Step.FIRING, Step.SENT, Step.STORED)


@dataclass(frozen=True)
class Observation:
    """One observation of the stack; None is what could not be seen, for times: has not happened.

    Times are seconds since the epoch; `alert` is the name of the one that was stored.
    """

    at: float
    is_bad: bool | None = None
    is_over: bool | None = None
    state: State | None = None
    active_at: float | None = None
    is_sent: bool = False
    stored_at: float | None = None
    resolved_at: float | None = None
    alert: str | None = None


@dataclass
class Timeline:
    """The steps of one drill with the seconds since it began.

    Args:
        began: When the fault was about to be switched on, seconds since the epoch.
        way: What is looked for while the fault is on, in this order; the last one is the goal.
        end: What is looked for when the fault is off.
        on_mark: Called with each step that has happened, once, in the order of the steps.
        on_flap: Called when an alert stopped being pending before it fired.
        arrived: The name of the alert that arrived first.
    """

    began: float
    way: Sequence[Step] = ALERT_STEPS
    end: Step = Step.RESOLVED
    on_mark: Callable[[Step, float], None] = lambda _step, _elapsed: None
    on_flap: Callable[[float], None] = lambda _elapsed: None
    flaps: int = 0
    arrived: str | None = None
    _marks: dict[Step, float] = field(default_factory=dict)

    @property
    def goal(self) -> Step:
        """The step that tells that somebody was notified."""
        return self.way[-1]

    @property
    def marks(self) -> Mapping[Step, float]:
        """Seconds since the beginning of each step that has happened."""
        return self._marks

    def has(self, step: Step) -> bool:
        """Whether a step has happened."""
        return step in self._marks

    def mark(self, step: Step, at: float) -> None:
        """Take note that a step happened `at` seconds since the epoch; a step is marked once."""
        if step not in self._marks:
            # The clocks of two programs on one machine may differ by what they round.
            self._marks[step] = max(0.0, at - self.began)
            self.on_mark(step, self._marks[step])

    def observe(self, seen: Observation) -> None:
        """Take in one observation: with the fault on, what leads to the inbox; then the end."""
        if self.has(Step.FAULT_OFF):
            if seen.resolved_at is not None:
                self.mark(self.end, seen.resolved_at)
            return
        self._forget_lost(seen)
        self.arrived = self.arrived or seen.alert
        for step, at in _newly_seen(seen, self.goal):
            self._reach(step, at)

    def _forget_lost(self, seen: Observation) -> None:
        is_lost = seen.state == "inactive" and self.has(Step.PENDING) and not self.has(Step.FIRING)
        if is_lost:
            # It has to wait its whole `for` anew.
            del self._marks[Step.PENDING]
            self.flaps += 1
            self.on_flap(seen.at - self.began)

    def _reach(self, step: Step, at: float) -> None:
        """Mark a step, and at the same time those before it that no observation saw."""
        if step in self.way:
            for each in self.way[: self.way.index(step) + 1]:
                self.mark(each, at)


def _newly_seen(seen: Observation, goal: Step) -> list[tuple[Step, float]]:
    """Return what one observation has seen, in order, and none of it later than what follows it."""
    is_active = seen.state in {"pending", "firing"}
    found = [
        (Step.FIRST_BAD, seen.at if seen.is_bad else None),
        (Step.OVER, seen.at if seen.is_over else None),
        (Step.PENDING, (seen.active_at or seen.at) if is_active else None),
        (Step.FIRING, seen.at if seen.state == "firing" else None),
        (Step.SENT, seen.at if seen.is_sent else None),
        (goal, seen.stored_at),
    ]
    result: list[tuple[Step, float]] = []
    latest = seen.at
    for step, at in reversed(found):
        if at is not None:
            latest = min(latest, at)
            result.append((step, latest))
    return result[::-1]
