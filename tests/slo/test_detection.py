"""When failures are seen, and until when: by the definition of an error ratio."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from burnrate.slo.detection import seconds_until_over, seconds_until_under

shares = st.fractions(Fraction(1, 1000), Fraction(99, 100), max_denominator=1000)
amounts = st.integers(1, 10**6).map(Fraction)


@given(shares, shares, amounts, st.fractions(0, 1), amounts, st.fractions(0, 1))
def test_a_window_is_over_its_threshold_just_after_the_time_that_is_told(
    threshold: Fraction,
    failing: Fraction,
    total: Fraction,
    bad_share: Fraction,
    arriving: Fraction,
    leaving_share: Fraction,
) -> None:
    """Whatever it held before, and whether old events leave it meanwhile or not."""
    bad, leaving = bad_share * total, leaving_share * arriving

    def ratio(seconds: Fraction) -> Fraction:
        events = total + (arriving - leaving) * seconds
        return (bad + failing * arriving * seconds) / events

    told = seconds_until_over(
        threshold, failing, total=total, bad=bad, arriving=arriving, leaving=leaving
    )
    if told is None:
        assert failing <= threshold
        return
    assert told == 0 or ratio(told) == threshold
    assert ratio(told) >= threshold
    assert ratio(told + 1) > threshold


@given(shares, shares, amounts)
def test_a_window_is_under_its_threshold_when_enough_of_it_is_healthy(
    one: Fraction, other: Fraction, window: Fraction
) -> None:
    """What is left of the failures then makes just the threshold."""
    threshold, failing = sorted((one, other))
    told = seconds_until_under(threshold, failing, window=window)
    assert failing * (window - told) / window == threshold


def test_seconds_are_taken_as_they_are_measured_too() -> None:
    """A drill has floats, the generator fractions."""
    told = seconds_until_over(0.5, 1.0, total=100.0, bad=0.0, arriving=1.0, leaving=0.0)
    assert told == 100.0
