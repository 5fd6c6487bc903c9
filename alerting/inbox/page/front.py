"""The front page: is anything wrong, what is firing, how the SLOs stand, what was resolved."""

from dataclasses import dataclass

from alerting.inbox.page.cards import card_of
from alerting.inbox.page.formats import count
from alerting.inbox.page.incident import group
from alerting.inbox.page.links import Links
from alerting.inbox.page.notices import notices
from alerting.inbox.page.overview import Overview
from alerting.inbox.page.path import path_of
from alerting.inbox.page.rendering import Content
from alerting.inbox.page.silencing import held_back
from alerting.inbox.page.slo_rows import slo_rows


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


def front_page(overview: Overview, links: Links) -> Content:
    """Return what the front page shows."""
    state = state_of(overview)
    groups = group(overview.incidents, overview.firing.shown, links, overview.muting, overview.now)
    return Content(
        template="front.html",
        title=f"{state.headline} · Burnrate",
        values={
            "now": overview.now,
            "state": state,
            "path": path_of(overview),
            "held": held_back(overview.muting),
            "notices": list(notices(overview)),
            "groups": groups,
            "more": len(overview.incidents) - len(groups),
            "figures": overview.slos,
            "rows": slo_rows(overview.slos, overview.now),
            "resolved": [card_of(episode, links, leads_on=False) for episode in overview.resolved],
        },
    )


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
        detail = also or "Somebody should look now."
        return State("page", f"{count(waiting, 'page')} firing", detail, waiting)
    if not owned:
        detail = f"It fires all the same, and nobody is told while the silence lasts. {also}"
        return State("owned", f"{count(pages, 'page')}, silenced", detail)
    who = ", ".join(f"{each.owner} is on {each.title}" for each in owned)
    rest = f" {count(silenced, 'page')} silenced." if silenced else ""
    return State("owned", f"{count(pages, 'page')}, and somebody is on it", f"{who}.{rest} {also}")
