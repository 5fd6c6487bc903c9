"""Parts come up in the order of their dependencies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from burnrate.stack.errors import StackError
from burnrate.stack.processes.probes import Health
from burnrate.stack.processes.startup import Startup
from burnrate.stack.processes.supervision import ProcessInfo

RUNNING = ProcessInfo("RUNNING", 10, "")


@dataclass
class Machine:
    """Parts that become healthy at the nth look, and what happened in which order."""

    looks: Mapping[str, int] = field(default_factory=dict)
    states: Mapping[str, list[ProcessInfo]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a part."""
        self.events.append(f"start {name}")
        self.seen[name] = 0

    def processes(self) -> Mapping[str, ProcessInfo]:
        """Return each started part's state at this look."""
        return {
            name: self.states.get(name, [RUNNING])[min(look, len(self.states.get(name, "x"))) - 1]
            for name, look in self.seen.items()
        }

    def check(self, names: Iterable[str]) -> Mapping[str, Health]:
        """Look once at each part."""
        result = {}
        for name in names:
            self.seen[name] += 1
            is_healthy = self.seen[name] >= self.looks.get(name, 1)
            result[name] = Health(is_healthy, "still loading")
        return result

    def run(
        self,
        timeout_seconds: float = 5,
        optional: Mapping[str, str] | None = None,
        **depends_on: list[str],
    ) -> None:
        """Start parts and note when each is healthy."""
        startup = Startup(
            supervisor=self,
            check=self.check,
            when_healthy=lambda name: self.events.append(f"set up {name}"),
            log=lambda name: Path(f"/logs/{name}.log"),
            say=self.events.append,
            timeout_seconds=timeout_seconds,
            optional=optional or {},
        )
        for name, _seconds in startup.run(depends_on):
            self.events.append(f"healthy {name}")


def test_a_part_starts_as_soon_as_what_it_needs_is_healthy() -> None:
    """Not earlier, and not later because of an unrelated one that is slow."""
    machine = Machine(looks={"slow": 4, "db": 2})
    machine.run(slow=[], db=[], api=["db"], proxy=["api"])
    assert machine.events[:2] == ["start slow", "start db"]
    order = ["set up db", "healthy db", "start api", "healthy api", "start proxy", "healthy slow"]
    places = [machine.events.index(event) for event in order]
    assert places == sorted(places)
    assert len(machine.events) == 3 * 4


def test_what_is_needed_but_does_not_start_now_is_not_waited_for() -> None:
    """One part can be started alone in a running stack."""
    machine = Machine()
    machine.run(api=["db"])
    assert machine.events == ["start api", "set up api", "healthy api"]


@pytest.mark.parametrize(
    "states",
    [
        [ProcessInfo("BACKOFF", 0, "")],
        [RUNNING, ProcessInfo("EXITED", 0, "")],
        # Ended and restarted between two looks.
        [RUNNING, ProcessInfo("RUNNING", 11, "")],
    ],
)
def test_a_part_that_ends_is_a_failure_at_once(states: list[ProcessInfo]) -> None:
    """Not after the time-out, and not hidden by its restart."""
    machine = Machine(looks={"db": 99}, states={"db": states})
    with pytest.raises(StackError, match=r"db ended at its start; log: /logs/db\.log"):
        machine.run(db=[], api=["db"])
    assert "start api" not in machine.events


def test_an_unhealthy_part_is_a_failure_after_the_time_out() -> None:
    """With what its probe said last."""
    with pytest.raises(StackError, match=r"db is not healthy after 0 s \(still loading\)"):
        Machine(looks={"db": 99}).run(0.1, db=[])


def test_parts_that_need_each_other_are_named() -> None:
    """A circle would otherwise be waited for without end."""
    with pytest.raises(StackError, match="a, b depend on each other"):
        Machine().run(a=["b"], b=["a"])


@pytest.mark.parametrize("is_dead", [True, False])
def test_an_optional_part_that_fails_is_named_and_the_rest_starts(*, is_dead: bool) -> None:
    """What waits for it is started without it, and whoever reads knows what is lost."""
    states = {"logs": [ProcessInfo("FATAL", 0, "")]} if is_dead else {}
    machine = Machine(looks={"logs": 1_000_000}, states=states)
    machine.run(0, {"logs": "no log search"}, logs=[], ship=["logs"], api=[])
    assert {"healthy api", "healthy ship"} < set(machine.events)
    assert "healthy logs" not in machine.events
    (said,) = [event for event in machine.events if event.startswith("logs ")]
    assert said.endswith(": no log search; log: /logs/logs.log")
