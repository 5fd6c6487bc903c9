"""What the inbox keeps: one SQLite file with deliveries, episodes and all that changed them."""

from alerting.inbox.store.actions import Action
from alerting.inbox.store.deliveries import WATCHDOG, Alert, Delivery, is_our_watchdog
from alerting.inbox.store.episodes import Kind, State
from alerting.inbox.store.file import check_version
from alerting.inbox.store.incidents import IncidentAction, Note, StoredIncident, Word
from alerting.inbox.store.journal import Recorded
from alerting.inbox.store.listing import (
    ALL,
    Choices,
    Filter,
    Firing,
    Past,
    Selection,
    StoredEpisode,
    StoredTransition,
    Summary,
)
from alerting.inbox.store.missed_alerts import ActiveAlert, AlertKey
from alerting.inbox.store.reconciliation import GracePeriods, Snapshot
from alerting.inbox.store.store import IncidentRecord, Losses, Store
from alerting.inbox.store.text import cut, storable, storable_pairs
from alerting.inbox.store.transitions import StoredChange

__all__ = [
    "ALL",
    "WATCHDOG",
    "Action",
    "ActiveAlert",
    "Alert",
    "AlertKey",
    "Choices",
    "Delivery",
    "Filter",
    "Firing",
    "GracePeriods",
    "IncidentAction",
    "IncidentRecord",
    "Kind",
    "Losses",
    "Note",
    "Past",
    "Recorded",
    "Selection",
    "Snapshot",
    "State",
    "Store",
    "StoredChange",
    "StoredEpisode",
    "StoredIncident",
    "StoredTransition",
    "Summary",
    "Word",
    "check_version",
    "cut",
    "is_our_watchdog",
    "storable",
    "storable_pairs",
]
