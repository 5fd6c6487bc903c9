"""The SLOs at a glance: objective, budget left, burn, and a small line over the period."""

from datetime import datetime

from alerting.inbox.page import formats
from alerting.inbox.page.html import Html, fill, join
from alerting.inbox.watch import Slo, SloFigures

_WIDTH, _HEIGHT = 160, 36
_SECONDS_OF_DAY = 86_400

_ROW = """<li class="slo {mood}">
<div class="slo-name"><b>{service}</b> {name}<span>{objective}{period}</span></div>
<div class="slo-figure"><span>Budget left</span><b class="{mood}">{budget}</b>{bar}</div>
<div class="slo-figure"><span>Burns</span><b class="{burn_mood}">{burn}</b></div>
<div class="slo-line">{line}</div>
</li>
"""


def slo_section(figures: SloFigures, now: datetime) -> Html:
    """The section, with an honest word where Prometheus does not answer."""
    rows = join(_row(slo, now) for slo in figures.slos)
    return fill(
        """<section><h2>SLOs</h2>{problem}<ul class="slos{old}">{rows}</ul></section>\n""",
        problem=_problem(figures, now),
        old=" old" if figures.problem else "",
        rows=rows,
    )


def _problem(figures: SloFigures, now: datetime) -> Html | None:
    if figures.problem is None:
        return None
    if figures.slos and figures.read_at is not None:
        return fill(
            '<p class="problem">{problem} These are the figures of {at}.</p>',
            problem=figures.problem,
            at=formats.moment(figures.read_at, now),
        )
    return fill(
        '<p class="problem">{problem} How the SLOs stand is not known here.</p>',
        problem=figures.problem,
    )


def _row(slo: Slo, now: datetime) -> Html:
    mood = _budget_mood(slo)
    return fill(
        _ROW,
        mood=mood,
        service=slo.service or formats.UNKNOWN,
        name=slo.name,
        objective=formats.percent(slo.objective),
        period=f" over {slo.period_days:g} days" if slo.period_days else "",
        budget=formats.budget(slo.budget_left),
        bar=_bar(slo.budget_left, mood),
        burn=formats.burn(slo.burn_rate),
        burn_mood=_burn_mood(slo),
        line=_line(slo, mood, now),
    )


def _budget_mood(slo: Slo) -> str:
    if slo.budget_left is None:
        return "unknown"
    if slo.budget_left <= 0:
        return "bad"
    return "low" if slo.budget_left < (slo.low_budget or 0) else "good"


def _burn_mood(slo: Slo) -> str:
    if slo.burn_rate is None:
        return "unknown"
    if slo.page_burn_rate is not None and slo.burn_rate >= slo.page_burn_rate:
        return "bad"
    return "low" if slo.burn_rate > 1 else "good"


def _bar(left: float | None, mood: str) -> Html:
    width = 0.0 if left is None else 100 * min(1.0, max(0.0, left))
    return fill(
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="trough" width="100" height="4"/>'
        '<rect class="{mood}" width="{width:.1f}" height="4"/></svg>',
        mood=mood,
        width=width,
    )


def _line(slo: Slo, mood: str, now: datetime) -> Html:
    """The budget left over the whole period: it begins where the records begin."""
    if len(slo.line) < 2:  # noqa: PLR2004 (a line needs two points)
        return fill('<span class="note">no history yet</span>')
    length = (slo.period_days or 30) * _SECONDS_OF_DAY
    begin = now.timestamp() - length
    low = min(0.0, *(ratio for _, ratio in slo.line))
    points = " ".join(
        f"{_WIDTH * min(1, max(0, (at - begin) / length)):.1f},{_y(ratio, low):.1f}"
        for at, ratio in slo.line
    )
    return fill(
        '<svg class="spark" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img">'
        "<title>Budget left over the period, now {budget}</title>"
        '<line class="zero" x1="0" x2="{width}" y1="{zero:.1f}" y2="{zero:.1f}"/>'
        '<polyline class="{mood}" points="{points}"/></svg>',
        width=_WIDTH,
        height=_HEIGHT,
        zero=_y(0, low),
        mood=mood,
        points=points,
        budget=formats.budget(slo.budget_left),
    )


def _y(ratio: float, low: float) -> float:
    """Full at the top, empty (or the deepest debt) at the bottom, a pixel of margin."""
    part = (min(1.0, ratio) - low) / (1 - low)
    return 2 + (_HEIGHT - 4) * (1 - part)
