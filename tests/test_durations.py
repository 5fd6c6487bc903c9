"""Durations are read and written as Prometheus does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from burnrate.durations import DurationSeconds, format_duration, parse_duration

_UNITS = ("y", "w", "d", "h", "m", "s", "ms")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15s", 15),
        ("1h30m", 5_400),
        ("2500ms", 2.5),
        ("30d", 2_592_000),
        ("1y", 31_536_000),
        ("2w1d", 1_296_000),
        ("0", 0),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    """Units may be combined, and nothing needs none."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5x", "1h 3m", "1.5h", "-5m", "30m1h", "1m1m", " 5m", "5m\n", "\u0665m"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="no duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (300, "5m"),
        (5_400, "1h30m"),
        (2.5, "2s500ms"),
        (90 * 86_400, "90d"),
        (14 * 86_400, "2w"),
        (0, "0s"),
        (0.0004, "0s"),
    ],
)
def test_seconds_are_written_as_prometheus_writes_them(seconds: float, text: str) -> None:
    """As `promtool` shows the same duration; what is below a millisecond is left out."""
    assert format_duration(seconds) == text


def test_there_is_no_negative_duration() -> None:
    """PromQL writes `offset -5m`, and that is no duration either."""
    with pytest.raises(ValueError, match="no duration"):
        format_duration(-1)


@given(st.integers(0, 10**13).map(lambda milliseconds: milliseconds / 1_000))
def test_what_is_written_is_read_as_it_was(seconds: float) -> None:
    """To the millisecond, for three hundred years."""
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.integers(0, 10**13))
def test_it_is_written_with_each_unit_once_and_the_largest_first(milliseconds: int) -> None:
    """So that Prometheus reads it too."""
    text = format_duration(milliseconds / 1_000)
    found = "".join(character if character.isalpha() else " " for character in text).split()
    assert found == [unit for unit in _UNITS if unit in found]


def test_a_field_takes_a_duration_or_seconds() -> None:
    """Alertmanager's file has the one, Prometheus' API the other."""
    field = TypeAdapter(DurationSeconds)
    assert (field.validate_python("1m"), field.validate_python(60)) == (60, 60)
    with pytest.raises(ValidationError, match="no duration"):
        field.validate_python("soon")
