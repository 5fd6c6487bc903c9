"""Rounds of a steady load, quiet and with forged documents and a worker that leaves at once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import psutil

from bench.measuring.spread import Pair
from bench.service.comparison import Comparer, Reading
from bench.service.pressure.documents import send_documents
from bench.service.running_service import RunningService

# What a document may be answered: analysed, refused, or turned away because too many wait.
_DECENT: Final = (
    HTTPStatus.OK,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


@dataclass
class Pressure:
    """What was found.

    Attributes:
        quiet: The readings of the load alone.
        pressed: Those beside the documents, each taken right before or after its quiet one.
        documents: Their answers by status; 0 for none.
        left: Workers that were told to leave.
    """

    quiet: list[Reading] = field(default_factory=list)
    pressed: list[Reading] = field(default_factory=list)
    documents: Counter[int] = field(default_factory=Counter)
    left: int = 0

    @property
    def indecent(self) -> int:
        """Documents without an answer, or with one that says that something broke."""
        return sum(count for status, count in self.documents.items() if status not in _DECENT)

    def pairs(self, value: Callable[[Reading], float]) -> list[Pair]:
        """Return a figure of each quiet round with that of the pressed one."""
        return [
            (value(quiet), value(pressed))
            for quiet, pressed in zip(self.quiet, self.pressed, strict=True)
        ]


def press(comparer: Comparer, service: RunningService, host: str, rate: float) -> Pressure:
    """Load a service at a steady rate, in turn alone and under pressure.

    Args:
        comparer: Loads it.
        service: Which fetches documents from `host`.
        host: Where they are.
        rate: Requests a second of the others.
    """
    found = Pressure()
    for number in range(comparer.plan.steady_rounds):
        comparer.say(f"forged documents: round {number + 1} of {comparer.plan.steady_rounds}")
        is_pressed_first = bool(number % 2)
        for is_pressed in (is_pressed_first, not is_pressed_first):
            if is_pressed:
                _press_once(comparer, service, host, rate, found)
            else:
                found.quiet.append(comparer.steady(service, rate))
    return found


def _press_once(
    comparer: Comparer, service: RunningService, host: str, rate: float, found: Pressure
) -> None:
    with ThreadPoolExecutor(1) as pool:
        reading: Future[Reading] = pool.submit(comparer.steady, service, rate)
        found.left += recycle_one(service.parts["api"].pid)
        found.documents += send_documents(service.url, host, comparer.plan.documents)
        found.pressed.append(reading.result())


def recycle_one(master: int) -> int:
    """Tell one worker of gunicorn's to leave, as it does after its share of requests.

    Returns how many were told: 0 where one has just left by itself.
    """
    for worker in psutil.Process(master).children()[:1]:
        try:
            worker.terminate()
        except psutil.NoSuchProcess:
            return 0
        return 1
    return 0
