"""What arrived in the inbox."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from burnrate.drill.clients.http import Web

# What one drill brings is far less; older alerts are of no interest here.
_PAGE = 200


class Arrived(BaseModel):
    """One episode of an alert, as the inbox lists it."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    id: int
    state: Literal["firing", "resolved"]
    labels: dict[str, str]
    starts_at: datetime = Field(alias="startsAt")
    first_received_at: datetime = Field(alias="firstReceivedAt")
    last_received_at: datetime = Field(alias="lastReceivedAt")
    deliveries: int = 0


class _Page(BaseModel):
    alerts: list[Arrived]


class Inbox:
    """The inbox' HTTP API; every method raises NoAnswer where it does not answer."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def alerts(self, filters: Mapping[str, str] | None = None) -> list[Arrived]:
        """Return the newest alerts, newest first."""
        params = {"limit": str(_PAGE), **(filters or {})}
        return _Page.model_validate_json(self._web.get("/alerts", params)).alerts

    def metrics(self) -> str:
        """Return its own metrics, which it shows even when Prometheus is down."""
        return self._web.get("/metrics").decode()


def read_late(exposition: str) -> bool | None:
    """Return what the inbox' metrics say of the watchdog; None for an inbox without the switch."""
    for line in exposition.splitlines():
        if line.startswith("inbox_watchdog_late "):
            return float(line.rpartition(" ")[2]) > 0
    return None
