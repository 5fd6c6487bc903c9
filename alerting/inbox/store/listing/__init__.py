"""Reads alerts back from the store, and counts them."""

from alerting.inbox.store.listing.episodes import (
    Filter,
    StoredEpisode,
    StoredTransition,
    Summary,
    count_truncated,
    delivered_at,
    episodes_of,
    find_episodes,
    find_where,
    get_episode,
    summarize,
    transitions_of,
)
from alerting.inbox.store.listing.firing import (
    Firing,
    count_pages,
    find_firing,
    find_resolved,
)
from alerting.inbox.store.listing.selection import (
    ALL,
    Choices,
    Past,
    Selection,
    condition_of_incident,
    find_choices,
)

__all__ = [
    "ALL",
    "Choices",
    "Filter",
    "Firing",
    "Past",
    "Selection",
    "StoredEpisode",
    "StoredTransition",
    "Summary",
    "condition_of_incident",
    "count_pages",
    "count_truncated",
    "delivered_at",
    "episodes_of",
    "find_choices",
    "find_episodes",
    "find_firing",
    "find_resolved",
    "find_where",
    "get_episode",
    "summarize",
    "transitions_of",
]
