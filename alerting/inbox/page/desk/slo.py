"""One SLO: what is left of its budget, how fast it burns in each tier's windows, its charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

from alerting.inbox.page.addresses import service_address, slo_address
from alerting.inbox.page.desk.ranges import choices, known
from alerting.inbox.page.links import Link
from alerting.inbox.page.rendering import Content
from alerting.inbox.page.slo_rows import budget_mood, burn_mood, history
from alerting.inbox.watch import Panel, Routes, Slo, SloFigures, Tier

# As many as one looks through.
_MOST_OFFERED: Final = 50


@dataclass(frozen=True, slots=True)
class TierRow:
    """One alert of an SLO as the table shows it; `mood` is a class that has a colour."""

    tier: Tier
    long_burn: float | None
    short_burn: float | None
    mood: str
    words: str


@dataclass(frozen=True, slots=True)
class ChartFrame:
    """Where the script draws a chart, and where it finds what to draw."""

    panel: Panel
    source: str


def slo_page(
    slo: Slo,
    figures: SloFigures,
    panels: Sequence[Panel],
    now: datetime,
    chosen: str,
    links: Sequence[Link] = (),
) -> Content:
    """Return what the page of one SLO shows.

    Args:
        slo: The SLO.
        figures: Where it was found.
        panels: Its charts.
        now: When the page is made.
        chosen: The range of its charts.
        links: What leads elsewhere.
    """
    identity = figures.labels_of(slo)
    address = slo_address(identity, slo.name)
    path = address.removeprefix("/slos/")
    return Content(
        template="slo.html",
        title=f"{slo.service} {slo.name} · Burnrate",
        values={
            "now": now,
            "slo": slo,
            "figures": figures,
            "budget_mood": budget_mood(slo),
            "burn_mood": burn_mood(slo),
            "history": history(slo),
            "tiers": [_tier(slo, tier) for tier in slo.tiers],
            "service_address": service_address(identity),
            "ranges": choices(address, chosen, slo.period_days),
            "charts": frames("slo", path, panels, chosen),
            "routes": None if slo.pool else _with(f"/routes/slo/{path}", range=known(chosen)),
            "links": links,
        },
    )


def frames(kind: str, path: str, panels: Sequence[Panel], chosen: str) -> list[ChartFrame]:
    """Return the frames of some charts.

    Args:
        kind: slo or service.
        path: The page's address without its first segment.
        panels: The charts.
        chosen: Their range.
    """
    return [
        ChartFrame(panel, _with(f"/charts/{kind}/{quote(panel.name)}/{path}", range=known(chosen)))
        for panel in panels
    ]


def routes_part(routes: Routes | None, problem: str | None = None) -> Content:
    """Return the table of the worst routes, or what is wrong; a script puts it into the page."""
    length = timedelta(seconds=routes.seconds if routes else 0)
    values: dict[str, object] = {"routes": routes, "problem": problem, "length": length}
    return Content("routes.html", "Routes", values)


def no_such_slo(figures: SloFigures, wanted: Mapping[str, str], name: str) -> Content:
    """Return what is shown where none, or more than one, has that name: those that there are."""
    same = [slo for slo in figures.of_service(wanted) if slo.name == name]
    offered = [
        Link(f"{slo.service} {slo.name}", slo_address(figures.labels_of(slo), slo.name))
        for slo in (same or figures.slos)[:_MOST_OFFERED]
    ]
    values = {"offered": offered, "is_several": bool(same), "problem": figures.problem}
    return Content("no_such_slo.html", "No such SLO", values, status=300 if same else 404)


def _tier(slo: Slo, tier: Tier) -> TierRow:
    long_burn, short_burn = slo.burn_in(tier.long), slo.burn_in(tier.short)
    if long_burn is None or short_burn is None:
        return TierRow(tier, long_burn, short_burn, "unknown", "not known")
    is_over = [burn > tier.factor for burn in (long_burn, short_burn)]
    if all(is_over):
        return TierRow(tier, long_burn, short_burn, "bad", "both windows burn faster")
    words = "one of two windows burns faster" if any(is_over) else "below"
    return TierRow(tier, long_burn, short_burn, "low" if any(is_over) else "good", words)


def _with(address: str, **parameters: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"
