"""The SLOs at a glance: objective, budget left, burn rate, and a small line over time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerting.inbox.page.addresses import slo_address
from alerting.inbox.watch import Slo, SloFigures

WIDTH, HEIGHT = 160, 36
_SECONDS_OF_DAY = 86_400
_DAYS = 30


@dataclass(frozen=True, slots=True)
class SloLine:
    """The budget left over time, as an SVG's polyline; `zero` is where it is empty."""

    points: str
    zero: str
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class SloRow:
    """One SLO as the page shows it.

    Attributes:
        budget_mood: good, low, bad or unknown, a class that has a colour.
        burn_mood: The same for the burn rate.
        address: Its page.
        bar_width: How much of the bar is filled, 0 to 100.
        line: None while there is too little history for one.
        line_length: How much time it is of.
        history: How long its events have been counted, while that is less than the period.
    """

    slo: Slo
    address: str
    budget_mood: str
    burn_mood: str
    bar_width: str
    line: SloLine | None
    line_length: timedelta
    history: timedelta | None


def slo_rows(figures: SloFigures, now: datetime) -> list[SloRow]:
    """Make a row of each SLO."""
    return [
        SloRow(
            slo=slo,
            address=slo_address(figures.labels_of(slo), slo.name),
            budget_mood=budget_mood(slo),
            burn_mood=burn_mood(slo),
            bar_width=_bar_width(slo),
            line=_line(slo, now, figures.line_seconds),
            line_length=timedelta(seconds=figures.line_seconds),
            history=history(slo),
        )
        for slo in figures.slos
    ]


def history(slo: Slo) -> timedelta | None:
    """Return how long an SLO's events have been counted, while that is less than its period."""
    whole = (slo.period_days or _DAYS) * _SECONDS_OF_DAY
    if slo.history_seconds is None or slo.history_seconds >= whole:
        return None
    return timedelta(seconds=slo.history_seconds)


def budget_mood(slo: Slo) -> str:
    """Return the class of the budget's colour."""
    if slo.budget_left is None:
        return "unknown"
    if slo.budget_left <= 0:
        return "bad"
    return "low" if slo.budget_left < (slo.low_budget or 0) else "good"


def burn_mood(slo: Slo) -> str:
    """Return the class of the burn rate's colour."""
    if slo.burn_rate is None:
        return "unknown"
    if slo.page_burn_rate is not None and slo.burn_rate >= slo.page_burn_rate:
        return "bad"
    return "low" if slo.burn_rate > 1 else "good"


def _bar_width(slo: Slo) -> str:
    left = slo.budget_left or 0.0
    return f"{100 * min(1.0, max(0.0, left)):.1f}"


def _line(slo: Slo, now: datetime, length: float) -> SloLine | None:
    """It begins where the records begin, in a frame as wide as the longest history of all."""
    if len(slo.line) < 2:  # noqa: PLR2004 (a line needs two points)
        return None
    begin = now.timestamp() - length
    low = min(0.0, *(ratio for _, ratio in slo.line))
    points = " ".join(
        f"{WIDTH * min(1, max(0, (at - begin) / length)):.1f},{_y(ratio, low):.1f}"
        for at, ratio in slo.line
    )
    return SloLine(points=points, zero=f"{_y(0, low):.1f}")


def _y(ratio: float, low: float) -> float:
    """Full at the top, empty (or the deepest debt) at the bottom, two pixels of margin."""
    part = (min(1.0, ratio) - low) / (1 - low)
    return 2 + (HEIGHT - 4) * (1 - part)
