"""Interleaved rounds: every reading has one of the base right beside it.

A shared machine is slow now and fast a second later. Two readings taken one after the other saw the
same machine, so it is their differences and ratios that are kept, not the readings alone. Which
of the two comes first changes from round to round, and so does the order of the subjects.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from bench.measuring.driver import Reading
from bench.measuring.spread import Pair

T = TypeVar("T")


class Measurable(Protocol):
    """What a round asks: a worker, or a fake of one."""

    def measure(self, count: int) -> Reading:
        """Run `count` times and return what it cost."""


def rotated(items: Sequence[T], by: int) -> list[T]:
    """Return the items in their order, beginning with the one at `by`, counted around."""
    if not items:
        return []
    start = by % len(items)
    return [*items[start:], *items[:start]]


def interleave(
    base: Measurable,
    others: Mapping[str, Measurable],
    *,
    rounds: int,
    count: int,
    after_round: Callable[[], None] = lambda: None,
) -> dict[str, list[tuple[Reading, Reading]]]:
    """Return, for each of `others`, its readings, each behind the one of the base beside it.

    Args:
        base: What the others are compared with.
        others: By their names.
        rounds: How many readings each of them gets.
        count: How often a subject runs in one reading.
        after_round: Called after each round.
    """
    readings: dict[str, list[tuple[Reading, Reading]]] = {name: [] for name in others}
    for number in range(rounds):
        for place, name in enumerate(rotated(list(others), number)):
            readings[name].append(_pair(base, others[name], count, number + place))
        after_round()
    return readings


def cpu_pairs(readings: Sequence[tuple[Reading, Reading]], count: int) -> list[Pair]:
    """Return the CPU seconds of one run, for each pair of readings of `count` runs."""
    return list(_per_time(readings, count))


def _per_time(readings: Sequence[tuple[Reading, Reading]], count: int) -> Iterator[Pair]:
    for base, own in readings:
        yield base.cpu_seconds / count, own.cpu_seconds / count


def _pair(base: Measurable, own: Measurable, count: int, turn: int) -> tuple[Reading, Reading]:
    if turn % 2:
        after = own.measure(count)
        return base.measure(count), after
    return base.measure(count), own.measure(count)
