"""Times and figures as people read them."""

import math
from datetime import UTC, datetime, timedelta

UNKNOWN = "\N{EN DASH}"
_TIMES = "\N{MULTIPLICATION SIGN}"
_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_ALL = 100
_NEARLY_ALL = 99
_MANY = 10  # from here on a decimal says nothing


def duration(length: timedelta) -> str:
    """Two units at most: 45 s, 12 min, 3 h 20 min, 5 d 2 h."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return _two(seconds // _HOUR, "h", seconds % _HOUR // _MINUTE, "min")
    return _two(seconds // _DAY, "d", seconds % _DAY // _HOUR, "h")


def clock(at: datetime, now: datetime) -> str:
    """The time of day in UTC: with seconds today, with the date on any other day."""
    at = at.astimezone(UTC)
    return at.strftime("%H:%M:%S" if at.date() == now.astimezone(UTC).date() else "%d %b %H:%M")


def exact(at: datetime) -> str:
    """The whole time in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def percent(ratio: float | None) -> str:
    """An objective, with the decimals it needs: 99.95 %."""
    if ratio is None:
        return UNKNOWN
    return f"{round(100 * ratio, 3):g} %"


def budget(ratio: float | None) -> str:
    """What is left of a budget in whole percents, or how many times it was spent.

    Never 0 while something is left, never all of it once something is spent, and never less than
    nothing.
    """
    if ratio is None:
        return UNKNOWN
    value = 100 * ratio
    if 0 < value < 1:
        return "<1 %"
    if _NEARLY_ALL < value < _ALL:
        return f"{math.floor(10 * value) / 10:.1f} %"
    return f"spent {_times_over(1 - ratio)} times over" if ratio < 0 else f"{value:.0f} %"


def burn(rate: float | None) -> str:
    """How many times the sustainable rate the budget is burning at, and a multiplication sign."""
    if rate is None:
        return UNKNOWN
    return f"{rate:.0f}{_TIMES}" if rate >= _MANY else f"{rate:.1f}{_TIMES}"


def rate(per_second: float) -> str:
    """Events a second, with the decimals that say something: 12.3/s, 0.004/s."""
    return f"{per_second:.3g}/s" if per_second < _MANY * _MANY else f"{per_second:.0f}/s"


def seconds(length: float | None) -> str:
    """A time as people measure requests: 120 ms, 2.4 s."""
    if length is None:
        return UNKNOWN
    return f"{1000 * length:.0f} ms" if length < 1 else f"{length:.2g} s"


def share(ratio: float) -> str:
    """A part of all, in percents: 0.12 %."""
    return f"{100 * ratio:.2g} %" if ratio < 1 else "100 %"


def count(number: int, noun: str) -> str:
    """A number and its noun: 1 page, 2 pages."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def _times_over(times: float) -> str:
    return f"{times:,.0f}" if times >= _MANY else f"{times:.2g}"
