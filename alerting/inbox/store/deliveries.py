"""What the store is given: deliveries and the alerts in them."""

from dataclasses import dataclass, field
from datetime import datetime

from alerting.inbox.store.episodes import State

# The alert that always fires: while it arrives, the whole path from rule to inbox works.
WATCHDOG = "Watchdog"


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
        """Whether it is the alert that always fires."""
        return self.labels.get("alertname") == WATCHDOG


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
