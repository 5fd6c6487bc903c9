"""How much of the past a chart shows: from an hour to the whole period."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

_DAY: Final = 86_400.0
PERIOD: Final = "period"
DEFAULT: Final = "6h"
_SHORTEST: Final = "1h"
_YOUNG: Final = 2 * 3600.0
# By what stands in the address.
RANGES: Final = {
    "1h": 3600.0, "6h": 6 * 3600.0, "1d": _DAY, "3d": 3 * _DAY, "7d": 7 * _DAY, PERIOD: None,
}  # fmt: skip
_NAMES: Final = {"1h": "1 h", "6h": "6 h", "1d": "1 d", "3d": "3 d", "7d": "7 d"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One range as the page offers it."""

    name: str
    address: str
    is_chosen: bool


def seconds_of(chosen: str, period_days: float | None) -> float:
    """Return the seconds of a range; a name that is none is the default."""
    seconds = RANGES[known(chosen)]
    return (period_days or 30) * _DAY if seconds is None else seconds


def known(chosen: str) -> str:
    """Return the range's name, or the default's."""
    return chosen if chosen in RANGES else DEFAULT


def default_for(history_seconds: float | None) -> str:
    """Return the range that shows a young history best; None is one of unknown length."""
    is_young = history_seconds is not None and history_seconds < _YOUNG
    return _SHORTEST if is_young else DEFAULT


def choices(address: str, chosen: str, period_days: float | None) -> list[Choice]:
    """Return the ranges of a page at an address, which may have parameters of its own.

    Args:
        address: The page's.
        chosen: The range that it shows.
        period_days: What the whole period is.
    """
    period = (period_days or 30) * _DAY
    joint = "&" if "?" in address else "?"
    return [
        Choice(
            name=_NAMES.get(name) or f"{period / _DAY:g} d",
            address=f"{address}{joint}{urlencode({'range': name})}",
            is_chosen=name == known(chosen),
        )
        for name, seconds in RANGES.items()
        if seconds is None or seconds < period
    ]
