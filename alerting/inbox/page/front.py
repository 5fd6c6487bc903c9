"""The front page: is anything wrong, what is firing, how the SLOs stand, what was resolved."""

from dataclasses import dataclass
from datetime import timedelta

from alerting.inbox.page.cards import card_of
from alerting.inbox.page.formats import count, duration
from alerting.inbox.page.incident import group
from alerting.inbox.page.links import Links
from alerting.inbox.page.notices import notices
from alerting.inbox.page.overview import Overview, Reach
from alerting.inbox.page.rendering import Content
from alerting.inbox.page.slo_rows import slo_rows


@dataclass(frozen=True, slots=True)
class State:
    """The answer to "is anything wrong?"; `mood` is a class that has a colour."""

    mood: str
    headline: str
    detail: str


@dataclass(frozen=True, slots=True)
class Link:
    """One part of the path by which alerts arrive, and how it is."""

    mood: str
    name: str
    condition: str


def front_page(overview: Overview, links: Links) -> Content:
    """Return what the front page shows."""
    state = _state(overview)
    groups = group(overview.incidents, overview.firing.shown, links, overview.now)
    return Content(
        template="front.html",
        title=f"{state.headline} · Burnrate",
        values={
            "now": overview.now,
            "state": state,
            "path": [
                _watchdog(overview),
                _alertmanager(overview),
                _prometheus(overview),
                _people(overview.reach),
                _outside(overview.reach),
            ],
            "notices": list(notices(overview)),
            "groups": groups,
            "more": len(overview.incidents) - len(groups),
            "figures": overview.slos,
            "rows": slo_rows(overview.slos, overview.now),
            "resolved": [card_of(episode, links, leads_on=False) for episode in overview.resolved],
        },
    )


def _state(overview: Overview) -> State:
    if overview.verdict.is_late:
        detail = "What is shown may be over, and what is firing may be missing."
        return State(
            "blind", "Blind: alerts are not arriving", f"{overview.verdict.reason} {detail}"
        )
    pages, tickets = overview.firing.pages, overview.firing.others
    owned = [each for each in overview.incidents if each.pages and each.is_owned(overview.now)]
    waiting = pages - sum(each.pages for each in owned)
    also = f"{count(tickets, 'ticket')} open as well." if tickets else ""
    if waiting:
        return State(
            "page", f"{count(waiting, 'page')} firing", also or "Somebody should look now."
        )
    if owned:
        who = ", ".join(f"{each.owner} is on {each.title}" for each in owned)
        return State("owned", f"{count(pages, 'page')}, and somebody is on it", f"{who}. {also}")
    if tickets:
        detail = "Nothing that cannot wait until working hours."
        return State("ticket", f"{count(tickets, 'ticket')} open", detail)
    if not overview.has_watchdog_arrived:
        detail = "The watchdog alert has not arrived since the inbox started."
        return State("waiting", "Nothing is firing, as far as is known", detail)
    detail = "The watchdog alert is arriving, so any other alert would arrive too."
    return State("quiet", "Nothing is firing", detail)


def _watchdog(overview: Overview) -> Link:
    silence = duration(timedelta(seconds=overview.silent_seconds))
    if overview.has_watchdog_arrived:
        mood, condition = "good", f"arrived {silence} ago"
    else:
        mood, condition = "unknown", f"has not arrived for {silence}"
    return Link("bad" if overview.verdict.is_late else mood, "Watchdog", condition)


def _people(reach: Reach) -> Link:
    if reach.told is None:
        return Link("unknown", "People", "are told, or not: Alertmanager has not been asked")
    if reach.told:
        return Link("good", "People", f"are told by {', '.join(reach.told)}")
    if reach.is_silence_meant:
        return Link("unknown", "People", "are not told, as NOTIFY says")
    return Link("bad", "Nobody is told", "of alerts, except by this page: see NOTIFY")


def _outside(reach: Reach) -> Link:
    if reach.has_heartbeat:
        return Link("good", "Heartbeat", "is sent outside")
    return Link("unknown", "Heartbeat", "none: nobody would notice if this machine died")


def _alertmanager(overview: Overview) -> Link:
    if overview.is_answered is None:
        return Link("unknown", "Alertmanager", "is not polled")
    if overview.is_answered:
        return Link("good", "Alertmanager", "answers")
    return Link("bad", "Alertmanager", "does not answer")


def _prometheus(overview: Overview) -> Link:
    problem = overview.slos.problem
    if problem is None:
        return Link("good", "Prometheus", "answers")
    if overview.slos.read_at is None and "not set" in problem:
        return Link("unknown", "Prometheus", "is not polled")
    return Link("bad", "Prometheus", "does not answer")
