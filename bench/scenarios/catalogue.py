"""All scenarios: what breaks, and what is asked for meanwhile. The one place that says so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Final

from bench.scenarios.clients import Stream
from bench.scenarios.rig import Rig

USUAL: Final[Sequence[Stream]] = (Stream(10), Stream(2, "POST", "/users"))


def _nothing(_rig: Rig) -> None:
    """Only what clients do changes."""


@dataclass(frozen=True)
class Scenario:
    """One scenario.

    Attributes:
        title: What happens, for people.
        apply: Breaks it.
        undo: Mends it.
        streams: What clients ask for while it is broken.
        seconds: How long it is broken.
    """

    name: str
    title: str
    apply: Callable[[Rig], None] = _nothing
    undo: Callable[[Rig], None] = _nothing
    streams: Sequence[Stream] = USUAL
    seconds: float = 180.0


def _kill(*numbers: int) -> Callable[[Rig], None]:
    def kill(rig: Rig) -> None:
        for number in numbers:
            rig.send(number, SIGKILL)

    return kill


def _start(*numbers: int) -> Callable[[Rig], None]:
    def start(rig: Rig) -> None:
        for number in numbers:
            rig.start(number)

    return start


def _stop(rig: Rig) -> None:
    rig.send(0, SIGSTOP)


def _stop_all(rig: Rig) -> None:
    for number in range(2):
        rig.send(number, SIGSTOP)


def _continue(rig: Rig) -> None:
    for number in range(2):
        rig.send(number, SIGCONT)


def _hidden(rig: Rig) -> None:
    rig.behave({"POST /users": {"status": 500}})
    rig.show_counters(is_shown=False)


def _shown(rig: Rig) -> None:
    rig.behave({})
    rig.show_counters(is_shown=True)


def _told(told: Mapping[str, Mapping[str, float]]) -> Callable[[Rig], None]:
    return lambda rig: rig.behave(told)


_ALL: Final = (
    Scenario("healthy", "nothing is wrong"),
    Scenario(
        "all-dead",
        "all workers of both instances are killed",
        _kill(0, 1),
        _start(0, 1),
    ),
    Scenario(
        "one-dead",
        "one instance of two is killed",
        _kill(0),
        _start(0),
        seconds=240,
    ),
    Scenario(
        "one-hangs",
        "one instance of two hangs: it accepts connections and answers nothing",
        _stop,
        _continue,
        seconds=240,
    ),
    Scenario(
        "all-stall",
        "both instances stand still for 12 s",
        _stop_all,
        _continue,
        seconds=12,
    ),
    Scenario(
        "late",
        "writes, 6 a second, are answered 200, after 35 s",
        _told({"POST /users": {"seconds": 35}}),
        _told({}),
        (Stream(10), Stream(6, "POST", "/users")),
        seconds=240,
    ),
    Scenario(
        "never-ends",
        "reads of one route, four a second, never end",
        _told({"GET /limited": {"seconds": 900}}),
        _told({}),
        (*USUAL, Stream(4, path="/limited")),
        seconds=240,
    ),
    Scenario(
        "leaving",
        "reads of one route, four a second, take 60 s, and their clients leave after 6 s",
        _told({"GET /limited": {"seconds": 60}}),
        _told({}),
        (*USUAL, Stream(4, path="/limited", leaves_after=6)),
        seconds=240,
    ),
    Scenario(
        "impatient",
        "the same, and they leave after 1 s",
        _told({"GET /limited": {"seconds": 60}}),
        _told({}),
        (*USUAL, Stream(4, path="/limited", leaves_after=1)),
        seconds=240,
    ),
    Scenario(
        "scanners",
        "one write in two fails, hidden among 20 times as many requests of scanners",
        _told({"POST /users": {"status": 500}}),
        _told({}),
        (*USUAL, Stream(120, path="/wp-login.php", is_lost=True)),
    ),
    Scenario(
        "abuser",
        "one client asks far too much, and is refused by the service and by nginx",
        _told({"GET /limited": {"status": 429}}),
        _told({}),
        (*USUAL, Stream(30, path="/limited"), Stream(30, path="/rare")),
    ),
    Scenario(
        "one-route",
        "writes fail, one in 180 requests",
        _told({"POST /users": {"status": 500}}),
        _told({}),
        (Stream(60), Stream(1 / 3, "POST", "/users")),
    ),
    Scenario(
        "unmeasured",
        "Prometheus does not get nginx' counters, while a write in 12 requests fails",
        _hidden,
        _shown,
        (Stream(11), Stream(1, "POST", "/users")),
        seconds=420,
    ),
)
SCENARIOS: Final[Mapping[str, Scenario]] = {scenario.name: scenario for scenario in _ALL}
