"""What the store is given: deliveries and the alerts in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alerting.inbox.store.episodes import State

# The alert that always fires: while it arrives, the whole path from rule to inbox works.
WATCHDOG = "Watchdog"
# Of ours. Others, such as kube-prometheus, have one of that name as well: it is no incident either,
# and says nothing about the path from our rules.
WATCHDOG_SERVICE = "prometheus"


def is_our_watchdog(labels: Mapping[str, str]) -> bool:
    """Return whether an alert with these labels proves that our alerts arrive."""
    return (labels.get("alertname"), labels.get("service")) == (WATCHDOG, WATCHDOG_SERVICE)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as Alertmanager delivers or lists it; all texts are storable.

    Attributes:
        ends_at: None while it has not ended.
    """

    state: State
    fingerprint: str
    starts_at: datetime
    ends_at: datetime | None = None
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    generator_url: str = ""

    @property
    def is_watchdog(self) -> bool:
        """Whether it is the alert of ours that always fires."""
        return is_our_watchdog(self.labels)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notification: the alerts of one group, for one receiver.

    Attributes:
        body: The JSON that is kept of it.
        truncated_alerts: How many alerts Alertmanager left out.
    """

    receiver: str
    status: str
    alerts: tuple[Alert, ...]
    body: str
    received_at: datetime
    request_id: str
    group_key: str = ""
    external_url: str = ""
    truncated_alerts: int = 0
