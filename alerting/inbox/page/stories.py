"""What each change of an alert is called on pages."""

from typing import Final

from alerting.inbox.store import Kind

STORIES: Final = {
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
    Kind.CLOSED_UNHEARD: "Ended while it was held back: Prometheus no longer has it",
    Kind.FOUND: "Found on Alertmanager's list; its notification never arrived",
    Kind.ACKNOWLEDGED: "Acknowledged",
    Kind.UNACKNOWLEDGED: "No longer acknowledged",
    Kind.COMMENTED: "Comment",
}
