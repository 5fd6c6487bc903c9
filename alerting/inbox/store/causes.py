"""What may be the cause of an incident: alerts of the services that its service depends on."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from alerting.inbox.store.incidents import StoredIncident
from alerting.inbox.store.listing import StoredEpisode, find_where
from alerting.inbox.store.timestamps import to_micros

# A cause is seen before what it breaks, and some alerts wait for minutes before they fire.
_BEFORE: Final = timedelta(minutes=10)
_ALWAYS: Final = 2**62


def find_causes(
    connection: sqlite3.Connection,
    incident: StoredIncident,
    services: Sequence[str],
    limit: int,
) -> list[StoredEpisode]:
    """Return what fired from ten minutes before an incident began until it ended.

    Args:
        connection: To read with.
        incident: The incident.
        services: Those whose alerts to look at; other labels of its identity have to agree where
            an alert has them.
        limit: How many at most: what fires first, then what ended last.
    """
    found = find_where(
        connection,
        "service IN (SELECT value FROM json_each(?)) AND coalesce(ends_at, ?) >= ?"
        " AND starts_at <= ? ORDER BY ends_at IS NOT NULL, ends_at DESC, id DESC LIMIT ?",
        (
            json.dumps(list(services)),
            _ALWAYS,
            to_micros(incident.started_at - _BEFORE),
            _ALWAYS if incident.ended_at is None else to_micros(incident.ended_at),
            limit,
        ),
    )
    others = {name: value for name, value in incident.identity.items() if name != "service"}
    return [
        episode
        for episode in found
        if all(episode.labels.get(name, value) == value for name, value in others.items())
    ]
