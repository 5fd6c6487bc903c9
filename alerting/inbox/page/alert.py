"""One alert by itself: what it says, where to look, and all that happened to it."""

from datetime import datetime

from alerting.inbox.page.cards import card_of
from alerting.inbox.page.links import Links
from alerting.inbox.page.rendering import Content
from alerting.inbox.page.stories import STORIES
from alerting.inbox.store import StoredEpisode, StoredTransition
from alerting.inbox.watch import Muting

NO_SUCH_ALERT = Content("no_such_alert.html", "No such alert", status=404)
STORE_UNAVAILABLE = Content("store_unavailable.html", "The store is not available", status=503)


def alert_page(
    episode: StoredEpisode,
    timeline: list[StoredTransition],
    links: Links,
    muting: Muting,
    now: datetime,
) -> Content:
    """Return what the page of one alert shows; its timeline is oldest first."""
    card = card_of(episode, links, muting)
    return Content(
        template="alert.html",
        title=f"{card.title} · Burnrate",
        values={
            "now": now,
            "card": card,
            "can_silence": muting.is_known and episode.ends_at is None,
            "timeline": [(change, STORIES[change.kind]) for change in timeline],
        },
    )
