"""What was: incidents, the newest first, a page of them at each address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from alerting.inbox.page.addresses import parameters_of, words_of
from alerting.inbox.page.formats import count, exact
from alerting.inbox.page.rendering import Content
from alerting.inbox.store import Choices, Past, StoredIncident


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident in a list; `mood` is a class that has a colour."""

    incident: StoredIncident
    mood: str
    words: str


def incident_rows(incidents: Sequence[StoredIncident]) -> list[IncidentRow]:
    """Return incidents as lists show them."""
    return [
        IncidentRow(each, "page" if each.paged else "ticket", _kinds(each)) for each in incidents
    ]


def _kinds(incident: StoredIncident) -> str:
    kinds = ((incident.paged, "page"), (incident.alerts - incident.paged, "ticket"))
    return ", ".join(count(number, noun) for number, noun in kinds if number)


def history_page(
    incidents: Sequence[StoredIncident],
    *,
    now: datetime,
    past: Past,
    choices: Choices,
    is_first: bool,
    next_id: int | None,
) -> Content:
    """Return what one page of the past shows.

    Args:
        incidents: The newest first.
        now: When the page is made.
        past: Which are listed.
        choices: What can be selected.
        is_first: Whether there are no newer ones.
        next_id: Below which id the next page begins; None at the end.
    """
    return Content(
        template="history.html",
        title="History · Burnrate",
        values={
            "now": now,
            "rows": incident_rows(incidents),
            "only": _words(past),
            "chosen": past.selection,
            "choices": choices,
            "times": {"from": _field(past.since), "until": _field(past.until)},
            "newest": None if is_first else _address(past, None),
            "older": None if next_id is None else _address(past, next_id),
        },
    )


def _words(past: Past) -> str:
    times = (("from", past.since), ("until", past.until))
    said = (f"{name} {exact(at)}" for name, at in times if at is not None)
    return ", ".join(filter(None, (words_of(past.selection), *said)))


def _field(at: datetime | None) -> str:
    """As the field of a form and the address have it: in UTC, to the minute where that is all."""
    if at is None:
        return ""
    text = at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    return text.removesuffix(":00") if text.count(":") > 1 else text


def _address(past: Past, before: int | None) -> str:
    times = {"from": _field(past.since), "until": _field(past.until)}
    given = {**parameters_of(past.selection), **times, "before": str(before or "")}
    parameters = urlencode({name: value for name, value in given.items() if value})
    return f"/history?{parameters}" if parameters else "/history"
