"""What was: incidents, the newest first, a page of them at each address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from alerting.inbox.page.formats import count
from alerting.inbox.page.rendering import Content
from alerting.inbox.store import StoredIncident


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident in a list; `mood` is a class that has a colour."""

    incident: StoredIncident
    mood: str
    words: str


def incident_rows(incidents: Sequence[StoredIncident]) -> list[IncidentRow]:
    """Return incidents as lists show them."""
    return [
        IncidentRow(each, "page" if each.paged else "ticket", _words(each)) for each in incidents
    ]


def _words(incident: StoredIncident) -> str:
    kinds = ((incident.paged, "page"), (incident.alerts - incident.paged, "ticket"))
    return ", ".join(count(number, noun) for number, noun in kinds if number)


def history_page(
    incidents: Sequence[StoredIncident],
    *,
    now: datetime,
    service: str | None,
    is_first: bool,
    next_id: int | None,
) -> Content:
    """Return what one page of the past shows.

    Args:
        incidents: The newest first.
        now: When the page is made.
        service: Whose they are; None for all.
        is_first: Whether there are no newer ones.
        next_id: Below which id the next page begins; None at the end.
    """
    return Content(
        template="history.html",
        title="History · Burnrate",
        values={
            "now": now,
            "rows": incident_rows(incidents),
            "service": service,
            "newest": None if is_first else _address(service, None),
            "older": None if next_id is None else _address(service, next_id),
        },
    )


def _address(service: str | None, before: int | None) -> str:
    given = {"service": service, "before": before}
    parameters = urlencode({name: value for name, value in given.items() if value is not None})
    return f"/history?{parameters}" if parameters else "/history"
