"""Paired readings tell a cost apart from the noise that both of a pair share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measuring.spread import Spread, differences, ratios

# Whole numbers of microseconds: their sums are exact.
microseconds = st.integers(1, 10**6).map(float)
bases = st.lists(microseconds, min_size=1, max_size=50)


@given(bases, st.integers(-100, 100))
def test_a_constant_cost_is_found_whatever_the_machine_did(bases: list[float], cost: int) -> None:
    """However much the base varies, the difference is the cost, without any spread."""
    assert differences([(base, base + cost) for base in bases]) == Spread(cost, cost, cost)


@given(bases, st.sampled_from([0.5, 2.0, 8.0]))
def test_a_constant_factor_is_found_whatever_the_machine_did(
    bases: list[float], factor: float
) -> None:
    """The same for ratios."""
    assert ratios([(base, base * factor) for base in bases]) == Spread(factor, factor, factor)


@given(bases)
def test_the_quartiles_stand_around_the_median_and_inside_the_readings(
    readings: list[float],
) -> None:
    """Neither is ever outside of what was read."""
    spread = Spread.of(readings)
    assert min(readings) <= spread.low <= spread.median <= spread.high <= max(readings)


@given(st.lists(microseconds, min_size=5, max_size=50), st.integers(0, 49), microseconds)
def test_one_disturbed_reading_moves_the_median_only_among_the_others(
    readings: list[float], place: int, disturbed: float
) -> None:
    """A round in which something else ran does not make the result."""
    others = [*readings]
    others[place % len(readings)] = disturbed + 10**9
    quiet = sorted(readings)
    assert Spread.of(others).median <= quiet[-1]


def test_a_change_of_unit_changes_every_figure() -> None:
    """Seconds become microseconds."""
    assert Spread(1.0, 2.0, 3.0).times(10) == Spread(10.0, 20.0, 30.0)


def test_no_reading_is_no_spread() -> None:
    """A table that was never measured must not show a number."""
    with pytest.raises(ValueError, match="at least one"):
        Spread.of([])
