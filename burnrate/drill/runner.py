"""Holds one drill: load, fault, alert, end of the fault, end of the alert."""

import secrets
import time
from dataclasses import dataclass, field, replace
from typing import Protocol

from burnrate.drill.definition import Drill, FaultContext
from burnrate.drill.drill_plan import Plan, make_plan
from burnrate.drill.drill_target import Target
from burnrate.drill.errors import DrillError, Refused
from burnrate.drill.faults import applied
from burnrate.drill.observation import (
    AlertObserver,
    Observer,
    PageObserver,
    Step,
    Timeline,
    WatchdogObserver,
)
from burnrate.drill.other_pages import OtherPages, other_pages
from burnrate.drill.result import Result
from burnrate.drill.running_stack import RunningStack
from burnrate.http_client import NoAnswer
from burnrate.load import BackgroundLoad, Dataset, Engine, LoadFailed, Mix
from burnrate.stack import StackError

# Enough for a share of failures to mean something within a scrape, and little for two processors.
DRILL_RATE = 25.0
_WARM_UP_SECONDS = 5.0
_WARM_UPS = 4
_LEAST_SUCCESS = 0.95
_LOOK_EVERY_SECONDS = 1.0
# A drill waits for longer than theory says, so that it can tell by how much something is late.
_TIMEOUT_FACTOR = 1.5
_TIMEOUT_MARGIN_SECONDS = 60.0


class Screen(Protocol):
    """Where a drill is followed live."""

    def begin(self, plan: Plan) -> None:
        """Show that a drill begins."""

    def mark(self, result: Result, step: Step) -> None:
        """Show a step that has happened, and how it stands to its bound."""

    def say(self, line: str) -> None:
        """Show a line of anything that is no step."""

    def tick(self, elapsed_seconds: float, waits_for: Step, load: str) -> None:
        """Show that nothing has happened yet: what is waited for, and how the load goes."""


@dataclass
class Runner:
    """Holds one drill on a running stack.

    Args:
        drill: Which.
        target: What it waits for on this stack.
        stack: Which.
        screen: Where it is followed live.
        rate: Requests a second.
        look_every_seconds: From one observation to the next.
    """

    drill: Drill
    target: Target
    stack: RunningStack
    screen: Screen
    rate: float = DRILL_RATE
    look_every_seconds: float = _LOOK_EVERY_SECONDS
    _load: BackgroundLoad = field(init=False)
    _timeline: Timeline = field(init=False)
    _plan: Plan = field(init=False)
    _observer: Observer = field(init=False)
    _pages: PageObserver = field(init=False)

    def run(self) -> Result:
        """Hold the drill.

        Raises:
            Refused: this stack cannot be drilled so; nothing was broken.
            DrillError: it came to an end before its time; the fault is undone.
            NoAnswer: a part did not answer where it must; the fault is undone.
            UndoFailed: and the fault is not undone.
            KeyboardInterrupt: it was interrupted; the fault is undone.
        """
        self.stack.check()
        with self.stack.reserved(), self._loaded() as self._load:
            self._warm_up()
            # Only now: the bounds follow from what the windows hold.
            self._plan = make_plan(self.drill, self.target, self.stack, self.rate)
            self._refuse_firing()
            self._pages = PageObserver(self.stack.prometheus, self.stack.inbox)
            self._pages.begin()
            self._observer = self._make_observer()
            self._observer.begin()
            self.screen.begin(self._plan)
            return self._hold()

    def _loaded(self) -> BackgroundLoad:
        dataset = Dataset(secrets.token_hex(4))
        mix = Mix(self.drill.load)
        url = self.stack.service.url
        return BackgroundLoad(Engine(url, self.rate, mix, dataset, is_processing=False))

    def _warm_up(self) -> None:
        self.screen.say(f"load: {self.rate:g} requests/s")
        stats = self._load.stats
        # More than once: what the drill before broke may need a moment to heal.
        for _ in range(_WARM_UPS):
            before, succeeded = stats.done, stats.succeeded
            time.sleep(_WARM_UP_SECONDS)
            done = stats.done - before
            if done and (stats.succeeded - succeeded) / done >= _LEAST_SUCCESS:
                return
        raise Refused(f"the service fails before there is any fault: {stats.line()}")

    def _refuse_firing(self) -> None:
        if self.drill.noticed_by == "watchdog":
            return
        active = [a.labels for a in self.stack.prometheus.alerts()]
        active += [a.labels for a in self.stack.alertmanager.alerts()]
        active += [a.labels for a in self.stack.inbox.episodes({"state": "firing"})]
        if any(self._plan.expected.matches(labels) for labels in active):
            raise Refused(
                f"{self._plan.expected} is active already: "
                "wait until it has resolved, in the inbox too"
            )

    def _make_observer(self) -> Observer:
        stack, plan = self.stack, self._plan
        if self.drill.noticed_by == "watchdog":
            return WatchdogObserver(stack.inbox)
        return AlertObserver(
            stack.prometheus,
            stack.alertmanager,
            stack.inbox,
            self._pages,
            plan.arrival,
            plan.rule,
            plan.bad,
            plan.wait_seconds,
            is_inbox_stopped=self.drill.is_inbox_stopped,
        )

    def _hold(self) -> Result:
        plan = self._plan
        fault = self.drill.fault(
            FaultContext(self.stack.service, self.stack, self.stack.prometheus)
        )
        self._timeline = Timeline(time.time(), plan.way, plan.end, self._on_mark, self._on_flap)
        try:
            with applied(fault, self.screen.say):
                self._timeline.mark(Step.FAULT_ON, time.time())
                if self.drill.is_inbox_stopped:
                    self._follow(Step.SENT)
                    self.stack.start("inbox")
                    self._timeline.mark(Step.INBOX_BACK, time.time())
                self._follow(self._timeline.goal)
            self._timeline.mark(Step.FAULT_OFF, time.time())
            self._follow(plan.end)
        except _OutOfTime as late:
            return self._result(problem=str(late))
        except (StackError, LoadFailed) as error:
            raise DrillError(str(error)) from error
        return self._result()

    def _follow(self, goal: Step) -> None:
        """Look until a step has happened; raises _OutOfTime."""
        timeout_seconds = self._timeout_seconds(goal)
        deadline = time.time() + timeout_seconds
        while not self._timeline.has(goal):
            began = time.monotonic()
            self._load.check()
            self._timeline.observe(self._observer.observe())
            elapsed = time.time() - self._timeline.began
            self.screen.tick(elapsed, goal, self._load.stats.line())
            if time.time() > deadline and not self._timeline.has(goal):
                raise _OutOfTime(f"not {goal} within {timeout_seconds:.0f} s")
            left = self.look_every_seconds - (time.monotonic() - began)
            time.sleep(max(0.0, left))

    def _timeout_seconds(self, goal: Step) -> float:
        bound = self._plan.bounds_of(self._timeline.arrived).get(goal)
        return (bound.seconds if bound else 0.0) * _TIMEOUT_FACTOR + _TIMEOUT_MARGIN_SECONDS

    def _on_mark(self, step: Step, _elapsed: float) -> None:
        self.screen.mark(self._so_far(), step)

    def _on_flap(self, elapsed: float) -> None:
        self.screen.say(f"{elapsed:.0f} s: no longer pending; the wait starts again")

    def _so_far(self) -> Result:
        return Result(
            self.drill.name,
            self.drill.summary,
            str(self._plan.arrival),
            dict(self._timeline.marks),
            self._plan.bounds_of(self._timeline.arrived),
            flaps=self._timeline.flaps,
            arrived=self._timeline.arrived,
        )

    def _result(self, problem: str | None = None) -> Result:
        others = OtherPages()
        try:
            pages = self._pages.new()
            arrived = self._plan.arrival.named(self._timeline.arrived)
            others = other_pages(pages, self.drill, arrived, self._timeline.began)
        except NoAnswer as error:
            # What was not seen is not known to be right.
            problem = problem or f"no other page can be ruled out: {error}"
        return replace(
            self._so_far(),
            unexpected_pages=others.unexpected,
            consequences=others.consequences,
            problem=problem,
            load=self._load.stats.line(),
        )


class _OutOfTime(Exception):
    """A step did not happen."""
