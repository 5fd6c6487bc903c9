"""One service: its requests, its SLOs, its incidents."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from alerting.inbox.page.addresses import service_address
from alerting.inbox.page.desk.history import incident_rows
from alerting.inbox.page.desk.ranges import choices, known
from alerting.inbox.page.desk.slo import frames
from alerting.inbox.page.links import Link
from alerting.inbox.page.rendering import Content
from alerting.inbox.page.slo_rows import slo_rows
from alerting.inbox.store import StoredIncident
from alerting.inbox.watch import Panel, Slo, SloFigures


def service_page(
    identity: Mapping[str, str],
    figures: SloFigures,
    slos: Sequence[Slo],
    incidents: Sequence[StoredIncident],
    panels: Sequence[Panel],
    now: datetime,
    chosen: str,
    links: Sequence[Link] = (),
) -> Content:
    """Return what the page of one service shows.

    Args:
        identity: The labels that name it.
        figures: All SLOs.
        slos: Those of this service.
        incidents: Its newest.
        panels: Its charts.
        now: When the page is made.
        chosen: The range of its charts.
        links: What leads elsewhere.
    """
    name = " ".join(filter(None, identity.values()))
    address = service_address(identity)
    period_days = max((slo.period_days or 0 for slo in slos), default=0) or None
    rows = [row for row in slo_rows(figures, now) if row.slo in slos]
    return Content(
        template="service.html",
        title=f"{name} · Burnrate",
        values={
            "now": now,
            "name": name,
            "service": identity.get("service", ""),
            "figures": figures,
            "rows": rows,
            "incidents": incident_rows(incidents),
            "ranges": choices(address, chosen, period_days),
            "charts": frames("service", address.removeprefix("/services/"), panels, chosen),
            "routes": _routes(address, chosen),
            "links": links,
        },
    )


def _routes(address: str, chosen: str) -> str:
    path = address.removeprefix("/services/")
    return f"/routes/service/{path}{'&' if '?' in path else '?'}range={known(chosen)}"
