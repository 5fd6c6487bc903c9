"""Incidents: as groups of cards on the front page, and one by itself with all that happened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alerting.inbox.page.addresses import service_address
from alerting.inbox.page.cards import Card, card_of
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


@dataclass(frozen=True, slots=True)
class Group:
    """An incident on the front page.

    Attributes:
        mood: A class that has a colour: page, ticket, or owned.
        cards: Of its alerts that are shown.
        hidden: How many more fire.
    """

    incident: StoredIncident
    mood: str
    summary: str
    is_owned: bool
    cards: tuple[Card, ...]
    hidden: int

    @property
    def whole_cards(self) -> int:
        """How many are shown whole: all pages, and a few in all; the others are a line each."""
        return max(_FEW, sum(card.severity == "page" for card in self.cards))


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
    made = [
        _group(incident, of_incident[incident.id], links, muting, now)
        for incident in incidents
        if incident.id in of_incident
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
    cards = [card_of(episode, links, muting) for episode in record.episodes]
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
            "figures": figures,
            "causes": [card_of(episode, links, muting) for episode in causes],
            "firing": [card for card in cards if card.episode.ends_at is None],
            "over": [card for card in cards if card.episode.ends_at is not None],
            "timeline": timeline(record, cards, now),
        },
    )


def _group(
    incident: StoredIncident,
    episodes: Sequence[StoredEpisode],
    links: Links,
    muting: Muting,
    now: datetime,
) -> Group:
    return Group(
        incident=incident,
        mood=_mood(incident, now),
        summary=_summary(incident),
        is_owned=incident.is_owned(now),
        cards=tuple(card_of(episode, links, muting) for episode in episodes),
        hidden=incident.pages + incident.others - len(episodes),
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
