"""What the inbox says over its API: the episodes it has received, and its watchdog."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from burnrate.http_client import HttpClient

# What one drill brings is far less; older alerts are of no interest here.
_PAGE = 200


class Episode(BaseModel):
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
    alerts: list[Episode]


class InboxApi:
    """The inbox' HTTP API; every method raises NoAnswer where it does not answer."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def episodes(self, filters: Mapping[str, str] | None = None) -> list[Episode]:
        """Return the newest episodes, newest first; `filters` are the API's own."""
        params = {"limit": str(_PAGE), **(filters or {})}
        return _Page.model_validate_json(self._http.get("/alerts", params)).alerts

    def is_watchdog_late(self) -> bool | None:
        """Whether the inbox misses its watchdog; None for an inbox without a dead man's switch.

        Its own metrics say so, which it shows even when Prometheus is down.
        """
        found = next(self._http.samples().of("inbox_watchdog_late"), None)
        return None if found is None else found.value > 0
