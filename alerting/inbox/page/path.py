"""The path by which alerts arrive, part for part, as the front page and /health show it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from alerting.inbox.page.formats import duration
from alerting.inbox.page.overview import Overview, Reach

NOBODY: Final = "Nobody is told"
TEAMS_ALONE: Final = "Teams alone are told"
# In the name of a receiver that burnrate.yml gives a team (burnrate/stack/compose/receivers.py).
_TEAM_END: Final = "/"


@dataclass(frozen=True, slots=True)
class Link:
    """One part of the path by which alerts arrive, and how it is."""

    mood: str
    name: str
    condition: str


def path_of(overview: Overview) -> list[Link]:
    """Return the parts in the order in which an alert meets them, then who is told."""
    return [
        _watchdog(overview),
        _alertmanager(overview),
        _prometheus(overview),
        _people(overview.reach),
        _outside(overview.reach),
    ]


def _watchdog(overview: Overview) -> Link:
    silence = duration(timedelta(seconds=overview.silent_seconds))
    if overview.has_watchdog_arrived:
        mood, condition = "good", f"arrived {silence} ago"
        if overview.verdict.is_repeated:
            condition = f"{condition}, as Alertmanager repeats what it had"
    else:
        mood, condition = "unknown", f"has not arrived for {silence}"
    return Link("bad" if overview.verdict.is_late else mood, "Watchdog", condition)


def _people(reach: Reach) -> Link:
    if reach.told is None:
        return Link("unknown", "People", "are told, or not: Alertmanager has not been asked")
    if reach.told and not reach.is_silence_meant and all(_TEAM_END in n for n in reach.told):
        return Link("bad", TEAMS_ALONE, "of an alert without one nobody is: see NOTIFY")
    if reach.told:
        return Link("good", "People", f"are told by {', '.join(reach.told)}")
    if reach.is_silence_meant:
        return Link("unknown", "People", "are not told, as NOTIFY says")
    return Link("bad", NOBODY, "of alerts, except by this page: see NOTIFY")


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
    if overview.slos.read_at is None and "not been asked" in problem:
        return Link("unknown", "Prometheus", "has not been asked yet")
    if "no recorded SLO" in problem:
        return Link("unknown", "Prometheus", "answers, and has no recorded SLO yet")
    return Link("bad", "Prometheus", "does not answer")
