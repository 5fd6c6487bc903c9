"""Periods and slices of time, as OpenSLO writes them."""

from typing import Final

_DAYS: Final = {"d": 1, "w": 7}
_SECONDS: Final = {"s": 1, "m": 60, "": 60}
# Alerts look at no shorter window: a longer slice would be seen or not by chance.
_LONGEST_SLICE_SECONDS: Final = 300
_SHORTEST_SLICE_SECONDS: Final = 30


def days(duration: str) -> int:
    """Return the days of a duration such as `4w`.

    Raises:
        ValueError: it is no number of whole days.
    """
    number, unit = int(duration.rstrip("smhdwMQY")), duration[-1]
    if unit not in _DAYS:
        raise ValueError(f"{duration} is no number of days or weeks: write {number * 30}d or so")
    return number * _DAYS[unit]


def slice_duration(window: str | None) -> str:
    """Return a slice as a PromQL duration; a number alone means minutes.

    Raises:
        ValueError: there is none, or alerts could not see it.
    """
    if window is None:
        raise ValueError("needs a timeSliceWindow")
    unit = window[-1] if window[-1].isalpha() else ""
    seconds = int(window.removesuffix(unit)) * _SECONDS.get(unit, 0)
    if not _SHORTEST_SLICE_SECONDS <= seconds <= _LONGEST_SLICE_SECONDS:
        raise ValueError(f"a slice of {window}: from 30s to 5m, the shortest window of alerts")
    return f"{seconds}s" if seconds % 60 else f"{seconds // 60}m"
