"""The front page: is anything wrong, what is firing, how the SLOs stand, what was resolved."""

from dataclasses import dataclass
from urllib.parse import urlencode

from alerting.inbox.page.addresses import parameters_of, words_of
from alerting.inbox.page.cards import card_of
from alerting.inbox.page.formats import count
from alerting.inbox.page.incident import group
from alerting.inbox.page.links import Links
from alerting.inbox.page.notices import notices
from alerting.inbox.page.overview import Overview
from alerting.inbox.page.path import path_of
from alerting.inbox.page.rendering import Content
from alerting.inbox.page.silencing import held_back
from alerting.inbox.page.slo_rows import SloRow, slo_rows
from alerting.inbox.store import Selection


@dataclass(frozen=True, slots=True)
class State:
    """The answer to "is anything wrong?".

    Attributes:
        mood: A class that has a colour.
        pages: How many pages wait for somebody.
    """

    mood: str
    headline: str
    detail: str
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """What the front page lists, for the form that selects it.

    Attributes:
        words: The selection as people read it.
        matching: How many alerts fire that match.
        firing: How many fire in all.
        other_pages: How many pages fire that do not match.
        services: Those that may be chosen.
        teams: The same; without any, nobody has given alerts the label.
        slos: The same.
    """

    selection: Selection
    words: str
    matching: int
    firing: int
    other_pages: int
    services: tuple[str, ...]
    teams: tuple[str, ...]
    slos: tuple[str, ...] = ()


def front_query(selection: Selection) -> str:
    """Return the part of the front page's address that selects alerts, with its question mark."""
    query = urlencode(parameters_of(selection))
    return f"?{query}" if query else ""


def front_page(overview: Overview, links: Links) -> Content:
    """Return what the front page shows."""
    state = state_of(overview)
    groups = group(
        overview.incidents, overview.selected.shown, links, overview.muting, overview.now
    )
    return Content(
        template="front.html",
        title=f"{state.headline} · Burnrate",
        values={
            "now": overview.now,
            "state": state,
            "path": path_of(overview),
            "held": held_back(overview.muting),
            "can_silence": overview.muting.is_known,
            "notices": list(notices(overview)),
            "groups": groups,
            "more": overview.selected.incidents - len(groups),
            "shown": _shown(overview),
            "figures": overview.slos,
            "rows": _rows(overview),
            "resolved": [card_of(episode, links, leads_on=False) for episode in overview.resolved],
        },
    )


def _shown(overview: Overview) -> Shown:
    selection, firing, selected = overview.selection, overview.firing, overview.selected
    known = overview.slos.slos
    services = (slo.service for slo in known if slo.service)
    return Shown(
        selection=selection,
        words=words_of(selection),
        matching=selected.pages + selected.others,
        firing=firing.pages + firing.others,
        other_pages=firing.pages - selected.pages,
        services=tuple(sorted({*overview.choices.services, *services})),
        teams=overview.choices.teams,
        slos=tuple(sorted({*overview.choices.slos, *(slo.name for slo in known)})),
    )


def _rows(overview: Overview) -> list[SloRow]:
    """Return the SLOs of the selected service and name: they have neither severities nor words."""
    service, name = overview.selection.service, overview.selection.slo
    return [
        row
        for row in slo_rows(overview.slos, overview.now)
        if (not service or row.slo.service == service) and (not name or row.slo.name == name)
    ]


def state_of(overview: Overview) -> State:
    """Return the verdict of the front page."""
    if overview.verdict.is_late:
        detail = "What is shown may be over, and what is firing may be missing."
        return State(
            "blind", "Blind: alerts are not arriving", f"{overview.verdict.reason} {detail}"
        )
    tickets = overview.firing.others
    if overview.firing.pages:
        also = f"{count(tickets, 'ticket')} open as well." if tickets else ""
        return _state_of_pages(overview, also)
    if tickets:
        detail = "Nothing that cannot wait until working hours."
        return State("ticket", f"{count(tickets, 'ticket')} open", detail)
    if not overview.has_watchdog_arrived:
        detail = "The watchdog alert has not arrived since the inbox started."
        return State("waiting", "Nothing is firing, as far as is known", detail)
    detail = "The watchdog alert is arriving, so any other alert would arrive too."
    return State("quiet", "Nothing is firing", detail)


def _state_of_pages(overview: Overview, also: str) -> State:
    pages, silenced = overview.firing.pages, overview.silenced_pages
    owned = [each for each in overview.incidents if each.pages and each.is_owned(overview.now)]
    waiting = pages - sum(each.pages for each in owned) - silenced
    if waiting:
        # So that the number agrees with those of the incidents below.
        others = (pages - waiting - silenced, "in work"), (silenced, "silenced")
        said = [f"{count(number, 'page')} {how}." for number, how in others if number]
        detail = " ".join(filter(None, (*said, also))) or "Somebody should look now."
        return State("page", f"{count(waiting, 'page')} firing", detail, waiting)
    if not owned:
        detail = f"It fires all the same, and nobody is told while the silence lasts. {also}"
        return State("owned", f"{count(pages, 'page')}, silenced", detail)
    who = ", ".join(f"{each.owner} is on {each.title}" for each in owned)
    rest = f" {count(silenced, 'page')} silenced." if silenced else ""
    return State("owned", f"{count(pages, 'page')}, and somebody is on it", f"{who}.{rest} {also}")
