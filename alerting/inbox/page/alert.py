"""One alert by itself: what it says, where to look, and all that happened to it."""

from datetime import datetime

from alerting.inbox.page.cards import card_of
from alerting.inbox.page.links import Links
from alerting.inbox.page.rendering import Content
from alerting.inbox.store import Kind, StoredEpisode, StoredTransition

_STORIES = {
    Kind.OPENED: "Started firing",
    Kind.REOPENED: "Started firing again",
    Kind.STARTED_EARLIER: "Turned out to have started earlier",
    Kind.CLOSED: "Resolved",
    Kind.CLOSED_UNSEEN: "Resolved; that it was firing never arrived",
    Kind.ENDED_LATER: "Turned out to have ended later",
    Kind.RESOLVED_BEFORE: "Late news that an earlier firing had ended",
    Kind.STALE: "No longer listed by Alertmanager",
    Kind.CONFIRMED: "Confirmed: still firing",
    Kind.CLOSED_UNCONFIRMED: "Taken as resolved: long off Alertmanager's list",
    Kind.FOUND: "Found on Alertmanager's list; its notification never arrived",
    Kind.ACKNOWLEDGED: "Acknowledged",
    Kind.UNACKNOWLEDGED: "No longer acknowledged",
    Kind.COMMENTED: "Comment",
}
NO_SUCH_ALERT = Content("no_such_alert.html", "No such alert", status=404)
STORE_UNAVAILABLE = Content("store_unavailable.html", "The store is not available", status=503)


def alert_page(
    episode: StoredEpisode, timeline: list[StoredTransition], links: Links, now: datetime
) -> Content:
    """Return what the page of one alert shows; its timeline is oldest first."""
    card = card_of(episode, links)
    return Content(
        template="alert.html",
        title=f"{card.title} · Burnrate",
        values={
            "now": now,
            "card": card,
            "timeline": [(change, _STORIES[change.kind]) for change in timeline],
        },
    )
