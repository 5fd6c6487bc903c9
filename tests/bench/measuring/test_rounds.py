"""Interleaved rounds put each reading beside one of the base."""

from hypothesis import given
from hypothesis import strategies as st

from bench.measuring.driver import Reading
from bench.measuring.rounds import cpu_pairs, interleave, rotated


class FakeSubject:
    """Notes when it is asked; its cost tells the pair apart."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self._name = name
        self._asked = asked

    def measure(self, count: int) -> Reading:
        """Note the name, and cost as many seconds as were asked before."""
        self._asked.append(self._name)
        return Reading(cpu_seconds=float(len(self._asked) * count), wall_seconds=0.0)


@given(st.integers(1, 6), st.integers(1, 8))
def test_each_reading_has_one_of_the_base_right_beside_it(others: int, rounds: int) -> None:
    """Whatever the numbers, the pairs are neighbours in time."""
    asked: list[str] = []
    names = [f"other {number}" for number in range(others)]
    readings = interleave(
        FakeSubject("base", asked),
        {name: FakeSubject(name, asked) for name in names},
        rounds=rounds,
        count=1,
    )
    assert [len(pairs) for pairs in readings.values()] == [rounds] * others
    for pairs in readings.values():
        assert all(abs(base.cpu_seconds - own.cpu_seconds) == 1 for base, own in pairs)


def test_neither_side_of_a_pair_always_comes_first() -> None:
    """A machine that slows down steadily must not make the second of a pair dearer."""
    asked: list[str] = []
    pairs = interleave(
        FakeSubject("base", asked), {"own": FakeSubject("own", asked)}, rounds=4, count=1
    )["own"]
    assert {base.cpu_seconds < own.cpu_seconds for base, own in pairs} == {True, False}


def test_no_subject_always_comes_first_in_a_round() -> None:
    """Each round begins with the next one."""
    asked: list[str] = []
    names = ("a", "b", "c")
    interleave(
        FakeSubject("base", asked),
        {name: FakeSubject(name, asked) for name in names},
        rounds=3,
        count=1,
    )
    order = [name for name in asked if name != "base"]
    assert order == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]


def test_what_goes_on_between_rounds_goes_on_after_each() -> None:
    """Workers count on between two scrapes."""
    done: list[int] = []
    subject = FakeSubject("any", [])
    interleave(
        subject, {"own": subject}, rounds=3, count=1, after_round=lambda: done.append(len(done))
    )
    assert done == [0, 1, 2]


def test_costs_are_those_of_one_time() -> None:
    """A reading covers its whole count."""
    readings = [(Reading(2.0, 9.0), Reading(6.0, 9.0))]
    assert cpu_pairs(readings, 4) == [(0.5, 1.5)]


def test_nothing_is_rotated_to_nothing() -> None:
    """No subject, no order."""
    assert rotated([], 3) == []
