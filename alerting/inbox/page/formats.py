"""Times and figures as people read them."""

from datetime import UTC, datetime, timedelta

from alerting.inbox.page.html import Html, fill

UNKNOWN = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"
_TIMES = "\N{MULTIPLICATION SIGN}"
_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
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


def moment(at: datetime, now: datetime) -> Html:
    """The time of today, with the date where it is another day's; the whole of it on hover."""
    at = at.astimezone(UTC)
    pattern = "%H:%M:%S" if at.date() == now.astimezone(UTC).date() else "%d %b %H:%M"
    exact = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return fill(
        '<time datetime="{iso}" title="{exact}">{text}</time>',
        iso=at.isoformat(),
        exact=exact,
        text=at.strftime(pattern),
    )


def percent(ratio: float | None) -> str:
    """An objective needs its decimals, 99.95 %; a budget left does not, 63 %."""
    if ratio is None:
        return UNKNOWN
    return f"{round(100 * ratio, 3):g} %"


def budget(ratio: float | None) -> str:
    """What is left of a budget, whole percents, and never 0 while something is left."""
    if ratio is None:
        return UNKNOWN
    value = 100 * ratio
    if 0 < value < 1:
        return "<1 %"
    return f"{value:.0f} %".replace("-", _MINUS)


def burn(rate: float | None) -> str:
    """How many times too fast than sustainable the budget is being spent."""
    if rate is None:
        return UNKNOWN
    return f"{rate:.0f}{_TIMES}" if rate >= _MANY else f"{rate:.1f}{_TIMES}"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"
