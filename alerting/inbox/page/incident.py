"""Incidents: as groups of cards on the front page, and one by itself with all that happened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alerting.inbox.page.addresses import service_address
from alerting.inbox.page.cards import Card, alert_title, card_of
from alerting.inbox.page.formats import count
from alerting.inbox.page.links import Links
from alerting.inbox.page.rendering import Content
from alerting.inbox.page.timeline import timeline
from alerting.inbox.store import (
    IncidentRecord,
    StoredEpisode,
    StoredIncident,
)
from alerting.inbox.watch import Muting, SloFigures

NO_SUCH_INCIDENT: Final = Content("no_such_incident.html", "No such incident", status=404)

_FEW: Final = 3
# More cards help nobody, and 5,000 of them were 7 MB. A page is a line at least.
_MOST_WHOLE: Final = 50
_MOST_LINES: Final = 100


@dataclass(frozen=True, slots=True)
class Group:
    """An incident on the front page.

    Attributes:
        mood: A class that has a colour: page, ticket, or owned.
        cards: Of its alerts that are shown.
        hidden: How many more fire.
        whole_cards: How many are shown whole; the others are a line each.
    """

    incident: StoredIncident
    mood: str
    summary: str
    is_owned: bool
    cards: tuple[Card, ...]
    hidden: int
    whole_cards: int


def group(
    incidents: Iterable[StoredIncident],
    episodes: Sequence[StoredEpisode],
    links: Links,
    muting: Muting,
    now: datetime,
) -> list[Group]:
    """Return the incidents of some alerts: pages that nobody is on first, then the newest."""
    of_incident: dict[int | None, list[StoredEpisode]] = {}
    for episode in episodes:
        of_incident.setdefault(episode.incident_id, []).append(episode)
    listed = [incident for incident in incidents if incident.id in of_incident]
    # All pages are shown whole. Where much fires, a ticket is a line: nobody reads thirty cards.
    few = _FEW if len(listed) <= _FEW else 1
    made = [
        _group(incident, of_incident[incident.id], links, muting, now, few) for incident in listed
    ]
    return sorted(made, key=lambda each: (not each.incident.pages, each.is_owned))


def incident_page(
    record: IncidentRecord,
    causes: Sequence[StoredEpisode],
    figures: SloFigures,
    links: Links,
    muting: Muting,
    now: datetime,
) -> Content:
    """Return what the page of one incident shows."""
    incident = record.incident
    firing, over = _shown(record)
    titles = {each.id: alert_title(each, links.identity) for each in record.episodes}
    cards = [card_of(episode, links, muting) for episode in (*firing, *over)]
    return Content(
        template="incident.html",
        title=f"{incident.title} · Burnrate",
        values={
            "now": now,
            "incident": incident,
            "mood": _mood(incident, now),
            "summary": _summary(incident),
            "service_address": _service_address(incident),
            "is_owned": incident.is_owned(now),
            "can_silence": muting.is_known and incident.ended_at is None,
            "figures": figures,
            "causes": [card_of(episode, links, muting) for episode in causes],
            "firing": cards[: len(firing)][:_MOST_WHOLE],
            "lines": cards[: len(firing)][_MOST_WHOLE:],
            "over": cards[len(firing) :],
            "more_firing": incident.pages + incident.others - len(firing),
            "more_over": incident.alerts - incident.pages - incident.others - len(over),
            "timeline": timeline(record, titles, now),
        },
    )


def _shown(record: IncidentRecord) -> tuple[list[StoredEpisode], list[StoredEpisode]]:
    """Return what is shown of what fires, all pages first, and of what has ended."""
    firing = [each for each in record.episodes if each.ends_at is None]
    pages = [each for each in firing if each.labels.get("severity") == "page"]
    others = [each for each in firing if each.labels.get("severity") != "page"]
    over = [each for each in record.episodes if each.ends_at is not None]
    return [*pages, *others[:_MOST_LINES]], over[:_MOST_LINES]


def _group(
    incident: StoredIncident,
    episodes: Sequence[StoredEpisode],
    links: Links,
    muting: Muting,
    now: datetime,
    few: int,
) -> Group:
    pages = sum(episode.labels.get("severity") == "page" for episode in episodes)
    return Group(
        incident=incident,
        mood=_mood(incident, now),
        summary=_summary(incident),
        is_owned=incident.is_owned(now),
        cards=tuple(card_of(episode, links, muting) for episode in episodes),
        hidden=incident.pages + incident.others - len(episodes),
        whole_cards=max(few, pages),
    )


def _mood(incident: StoredIncident, now: datetime) -> str:
    if incident.ended_at is not None:
        return "over"
    if incident.is_owned(now):
        return "owned"
    return "page" if incident.pages else "ticket"


def _service_address(incident: StoredIncident) -> str | None:
    return service_address(incident.identity) if incident.identity.get("service") else None


def _summary(incident: StoredIncident) -> str:
    firing = [
        count(number, noun)
        for number, noun in ((incident.pages, "page"), (incident.others, "ticket"))
        if number
    ]
    ended = incident.alerts - incident.pages - incident.others
    return ", ".join([*firing, *([f"{ended} ended"] if ended else [])])
