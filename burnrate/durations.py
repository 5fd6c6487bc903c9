"""Durations as Prometheus and Compose write them, such as `5m`, `1h30m` or `2500ms`."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator

# https://prometheus.io/docs/prometheus/latest/querying/basics/#time-durations
_UNIT_MILLISECONDS: Final = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
# Each unit at most once, the largest first.
_DURATION: Final = re.compile("".join(rf"(?:([0-9]+){unit})?" for unit in _UNIT_MILLISECONDS))
# Prometheus writes 90d and not 12w6d.
_ONLY_WHOLE: Final = frozenset({"y", "w"})


def parse_duration(text: str) -> float:
    """Return a duration in seconds; `0` needs no unit.

    Raises:
        ValueError: it is none.
    """
    if text == "0":
        return 0.0
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        raise ValueError(f"{text!r} is no duration")
    amounts = zip(found.groups(default="0"), _UNIT_MILLISECONDS.values(), strict=True)
    return sum(int(number) * milliseconds for number, milliseconds in amounts) / 1_000


def format_duration(seconds: float) -> str:
    """Write seconds as Prometheus does, to the millisecond.

    Raises:
        ValueError: they are negative.
    """
    left = round(1_000 * seconds)
    if left < 0:
        raise ValueError(f"{seconds:g} s is no duration")
    pieces = []
    for unit, milliseconds in _UNIT_MILLISECONDS.items():
        number, rest = divmod(left, milliseconds)
        if number and not (unit in _ONLY_WHOLE and rest):
            pieces.append(f"{number}{unit}")
            left = rest
    return "".join(pieces) or "0s"


def _parsed(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


# A model's field in seconds that a file or an answer writes as a duration.
DurationSeconds = Annotated[float, BeforeValidator(_parsed)]
