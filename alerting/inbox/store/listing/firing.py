"""What the front page lists: what fires, pages first, and what has ended."""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from alerting.inbox.store.deliveries import WATCHDOG
from alerting.inbox.store.listing.episodes import StoredEpisode, find_where
from alerting.inbox.store.listing.selection import ALL, Selection, condition_of


@dataclass(frozen=True, slots=True)
class Firing:
    """What fires, without the watchdog.

    Attributes:
        shown: Pages first, in each what nobody works on, then the newest.
        pages: How many pages fire, shown or not.
        others: How many tickets and others do.
        incidents: How many incidents they belong to.
    """

    shown: tuple[StoredEpisode, ...]
    pages: int
    others: int
    incidents: int = 0


def find_firing(
    connection: sqlite3.Connection, pages: int, others: int, selection: Selection = ALL
) -> Firing:
    """Return up to so many pages and so many others that fire, and how many there are."""
    chosen, values = condition_of(selection)
    fires = f"ends_at IS NULL AND alertname != ?{chosen}"
    shown = [
        episode
        for severity, limit in (("severity = 'page'", pages), ("severity != 'page'", others))
        for episode in find_where(
            connection,
            f"{fires} AND {severity}"
            " ORDER BY severity != 'ticket', acknowledged_at IS NOT NULL, id DESC LIMIT ?",
            (WATCHDOG, *values, limit),
        )
    ]
    counted = connection.execute(
        "SELECT coalesce(sum(severity = 'page'), 0), coalesce(sum(severity != 'page'), 0),"  # noqa: S608 (a clause of ours)
        f" count(DISTINCT incident_id) FROM episodes WHERE {fires}",
        (WATCHDOG, *values),
    )
    return Firing(tuple(shown), *counted.fetchone())


def count_pages(
    connection: sqlite3.Connection, fingerprints: Collection[str], without: Collection[int]
) -> int:
    """Return how many of these alerts are pages that fire, outside of some incidents."""
    counted = connection.execute(
        "SELECT count(*) FROM episodes"
        " WHERE ends_at IS NULL AND severity = 'page' AND alertname != ?"
        " AND fingerprint IN (SELECT value FROM json_each(?))"
        " AND coalesce(incident_id, 0) NOT IN (SELECT value FROM json_each(?))",
        (WATCHDOG, json.dumps(list(fingerprints)), json.dumps(list(without))),
    )
    count: int = counted.fetchone()[0]
    return count


def find_resolved(
    connection: sqlite3.Connection, limit: int, selection: Selection = ALL
) -> list[StoredEpisode]:
    """Return what has ended, the latest end first, without the watchdog."""
    chosen, values = condition_of(selection)
    return find_where(
        connection,
        f"ends_at IS NOT NULL AND alertname != ?{chosen} ORDER BY ends_at DESC LIMIT ?",
        (WATCHDOG, *values, limit),
    )
