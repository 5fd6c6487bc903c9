"""Whether an alert would reach people: every part of its path, and a way to try it."""

from dataclasses import dataclass
from datetime import datetime

from alerting.inbox.page.notices import notices
from alerting.inbox.page.overview import Overview
from alerting.inbox.page.path import NOBODY, TEAMS_ALONE, Link, path_of
from alerting.inbox.page.rendering import Content
from alerting.inbox.watch import HeartbeatState, Receiver


@dataclass(frozen=True, slots=True)
class PathHealth:
    """What is known of the path besides what the front page shows.

    Attributes:
        store_problem: Why a delivery could not be stored now; None if it could.
        delivered_at: When the last delivery was stored here; None if none ever was.
        receivers: What Alertmanager says of its notifications.
        heartbeat: What was last told outside; None if nothing is.
        can_test: Whether there is an Alertmanager to send a test page to.
        tested: The service of the test page that was just sent; None if none was.
    """

    store_problem: str | None
    delivered_at: datetime | None
    receivers: tuple[Receiver, ...]
    heartbeat: HeartbeatState | None
    can_test: bool
    tested: str | None = None


def path_page(overview: Overview, health: PathHealth) -> Content:
    """Return what the page shows."""
    store = (
        Link("good", "Store", "takes deliveries")
        if health.store_problem is None
        else Link("bad", "Store", f"takes no deliveries: {health.store_problem}")
    )
    parts = [*path_of(overview), store]
    return Content(
        template="path.html",
        title="Health of the alert path · Burnrate",
        values={
            "now": overview.now,
            "parts": parts,
            "verdict": _verdict(parts),
            "reason": overview.verdict.reason if overview.verdict.is_late else "",
            "notices": list(notices(overview)),
            "health": health,
        },
    )


def _verdict(parts: list[Link]) -> tuple[str, str]:
    bad = [part.name for part in parts if part.mood == "bad"]
    broken = [name for name in bad if name not in {NOBODY, TEAMS_ALONE}]
    if broken:
        return "page", f"An alert may not arrive: look at {', '.join(broken)}"
    if TEAMS_ALONE in bad:
        return "ticket", "An alert would arrive here, and nobody would be told if it is no team's"
    if bad:
        return "ticket", "An alert would arrive here, and nobody would be told"
    if any(part.mood == "unknown" for part in parts):
        return "ticket", "Nothing is known to be broken, and not everything is known"
    return "quiet", "An alert would arrive"
