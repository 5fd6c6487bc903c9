"""What a drill makes of what it sees, with a stack of the test's."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest

from burnrate.drill import runner
from burnrate.drill.catalogue import DRILLS
from burnrate.drill.drill_plan import Bound, Plan
from burnrate.drill.drill_target import Target
from burnrate.drill.errors import Refused
from burnrate.drill.expectation import ExpectedAlert
from burnrate.drill.observation import Observation, Step
from burnrate.drill.result import Result
from burnrate.drill.runner import Runner
from burnrate.http_client import NoAnswer
from burnrate.load import Stats

EXPECTED = ExpectedAlert({"service": "api", "slo": "availability"}, name="Fast")


@dataclass
class Fault:
    """Notes what is done to it."""

    log: list[str] = field(default_factory=list)

    def apply(self) -> None:
        """Note it."""
        self.log.append("applied")

    def undo(self) -> None:
        """Note it."""
        self.log.append("undone")


class Healthy:
    """A stack on which nothing is active; `new` says what has arrived since the fault."""

    service = None

    def __init__(self, new: Callable[[], list[Any]]) -> None:
        self.prometheus = self.alertmanager = self.inbox = self
        self.new = new

    def check(self) -> None:
        """It is well."""

    def alerts(self) -> list[Any]:
        """Nothing fires."""
        return []

    def episodes(self, _filters: object = None) -> list[Any]:
        """Nothing has arrived."""
        return []

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Nobody else drills."""
        yield


class Load:
    """A load whose requests all succeed, unless it is told otherwise."""

    def __init__(self, *, succeeds: bool = True) -> None:
        self.stats = Stats()
        self.succeeds = succeeds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """It ends."""

    def check(self) -> None:
        """It goes on."""

    def run(self, _seconds: float) -> None:
        """Let time pass: some requests are answered."""
        for _ in range(100):
            self.stats.answered(200 if self.succeeds else 503, 0.001)


class Seen:
    """An observer to which one thing after the other happens."""

    def __init__(self, *observations: Callable[[float], Observation]) -> None:
        self._left = list(observations)

    def begin(self) -> None:
        """Nothing to note."""

    def observe(self) -> Observation:
        """Return what happens next; the last thing stays."""
        return (self._left.pop(0) if len(self._left) > 1 else self._left[0])(time.time())


class Silent:
    """A screen that nobody looks at."""

    def begin(self, plan: Plan) -> None: ...
    def mark(self, result: Result, step: Step) -> None: ...
    def say(self, line: str) -> None: ...
    def tick(self, elapsed_seconds: float, waits_for: Step, load: str) -> None: ...


STORED = (
    lambda at: Observation(at, state="pending", active_at=at),
    lambda at: Observation(at, state="firing", stored_at=at),
    lambda at: Observation(at, resolved_at=at),
)


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Result, list[str]]]:
    """Hold the drill of errors; return its result and what became of the fault."""

    def hold_it(
        *observations: Callable[[float], Observation],
        new: Callable[[], list[Any]] = list,
        load: Load | None = None,
        bounds: dict[Step, Bound] | None = None,
        resolutions: dict[str, Bound] | None = None,
    ) -> tuple[Result, list[str]]:
        fault, running = Fault(), load or Load()
        drill = replace(DRILLS["errors"], fault=lambda _: fault)
        plan = Plan(drill, EXPECTED, None, "", bounds or {}, resolutions=resolutions or {})
        stack = Healthy(new)
        monkeypatch.setattr(runner, "make_plan", lambda *_: plan)
        monkeypatch.setattr(runner, "PageObserver", lambda *_: _Pages(stack))
        clock = SimpleNamespace(time=time.time, monotonic=time.monotonic, sleep=running.run)
        monkeypatch.setattr(runner, "time", clock)
        monkeypatch.setattr(Runner, "_loaded", lambda _: running)
        monkeypatch.setattr(Runner, "_make_observer", lambda _: Seen(*observations))
        held = Runner(drill, Target(EXPECTED), cast("Any", stack), Silent())
        try:
            return held.run(), fault.log
        except Refused:
            assert fault.log == []
            raise

    return hold_it


@dataclass
class _Pages:
    stack: Healthy

    def begin(self) -> None:
        """Nothing to note."""

    def new(self) -> Sequence[Any]:
        return self.stack.new()


Hold = Callable[..., tuple[Result, list[str]]]


def test_an_alert_that_arrives_and_resolves_has_passed(hold: Hold) -> None:
    """The fault was applied once and undone."""
    result, fault = hold(*STORED)
    assert result.has_passed
    assert {Step.FAULT_ON, Step.STORED, Step.FAULT_OFF, Step.RESOLVED} <= result.marks.keys()
    assert fault == ["applied", "undone"]


def test_a_page_of_another_tier_is_the_arrival_and_is_named(hold: Hold) -> None:
    """It has its own windows, and so its own time to resolve."""
    result, _ = hold(
        lambda at: Observation(at, stored_at=at, alert="BurnHigh"),
        lambda at: Observation(at, resolved_at=at + 9, alert="BurnHigh"),
        bounds={Step.RESOLVED: Bound(1, Step.FAULT_OFF)},
        resolutions={"Fast": Bound(1, Step.FAULT_OFF), "High": Bound(30, Step.FAULT_OFF)},
    )
    assert (result.has_passed, result.late, result.arrived) == (True, [], "BurnHigh")


def test_a_drill_whose_other_pages_cannot_be_seen_has_not_passed(hold: Hold) -> None:
    """What was not seen is not known to be right."""

    def refuse() -> list[Any]:
        raise NoAnswer("the inbox does not answer")

    result, _ = hold(*STORED, new=refuse)
    assert result.problem == "no other page can be ruled out: the inbox does not answer"
    assert not result.has_passed


def test_an_alert_that_never_comes_ends_the_drill_and_the_fault(
    hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a time-out that is longer than theory allows."""
    monkeypatch.setattr(runner, "_TIMEOUT_MARGIN_SECONDS", 0.0)
    result, fault = hold(Observation, bounds={Step.STORED: Bound(0.01)})
    assert result.problem == "not stored in the inbox within 0 s"
    assert fault == ["applied", "undone"]


def test_a_service_that_fails_already_is_not_broken_further(hold: Hold) -> None:
    """Whose failures they were could not be told."""
    with pytest.raises(Refused, match="fails before there is any fault"):
        hold(*STORED, load=Load(succeeds=False))
