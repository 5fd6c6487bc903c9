"""Lists alerts for people and programs.

Reading needs no token: the port is published on 127.0.0.1 only, and behind it stands nothing
that Prometheus and Alertmanager do not show there as openly. Whoever publishes it further puts
a proxy that asks who is there in front.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from alerting.inbox.page import Links
from alerting.inbox.store import Filter, Kind, State, Store

_ID_MAX = 2**63 - 1  # SQLite's largest
_PAGE_MAX = 200

AlertId = Annotated[int, Path(ge=1, le=_ID_MAX)]
Cursor = Annotated[
    int | None, Query(ge=1, le=_ID_MAX, description="`next` of the page before this one")
]
Limit = Annotated[int, Query(ge=1, le=_PAGE_MAX)]
Label = Annotated[str | None, Query(max_length=1024)]


class Wanted(StrEnum):
    """Which alerts a list holds."""

    FIRING = "firing"
    RESOLVED = "resolved"
    ALL = "all"


class AlertOut(BaseModel):
    """One episode of an alert; `endsAt` is null while it fires."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    state: State
    receiver: str
    fingerprint: str
    starts_at: datetime = Field(serialization_alias="startsAt")
    ends_at: datetime | None = Field(serialization_alias="endsAt")
    first_received_at: datetime = Field(serialization_alias="firstReceivedAt")
    last_received_at: datetime = Field(serialization_alias="lastReceivedAt")
    deliveries: int
    labels: dict[str, str]
    annotations: dict[str, str]
    generator_url: str = Field(serialization_alias="generatorURL")
    is_stale: bool = Field(
        serialization_alias="stale", description="Alertmanager does not list it any more"
    )
    unconfirmed_since: datetime | None = Field(serialization_alias="unconfirmedSince")
    acknowledged_at: datetime | None = Field(serialization_alias="acknowledgedAt")
    acknowledged_by: str = Field(serialization_alias="acknowledgedBy")


class Page(BaseModel):
    """Some alerts, newest first; `next` is the cursor of the page after, null at the end."""

    alerts: list[AlertOut]
    next: int | None


class TransitionOut(BaseModel):
    """One change of an alert, with the delivery that brought it or the person who made it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    kind: Kind
    starts_at: datetime | None = Field(serialization_alias="startsAt")
    ends_at: datetime | None = Field(serialization_alias="endsAt")
    delivery_id: int | None = Field(serialization_alias="delivery")
    alertmanager_url: str = Field(serialization_alias="alertmanagerURL")
    request_id: str = Field(serialization_alias="requestId")
    author: str
    text: str


class LinkOut(BaseModel):
    """Where to look next; an address may be relative to the inbox."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    url: str


class AlertDetail(AlertOut):
    """One episode with where to look and all that happened to it, oldest first."""

    links: list[LinkOut]
    timeline: list[TransitionOut]


class Alerts:
    """Answers with alerts as JSON."""

    def __init__(self, store: Store, links: Links) -> None:
        """Take the store to read, and what makes an alert's links."""
        self._store = store
        self._links = links

    async def list(
        self,
        state: Wanted = Wanted.ALL,
        severity: Label = None,
        service: Label = None,
        alertname: Label = None,
        team: Label = None,
        before: Cursor = None,
        limit: Limit = 50,
    ) -> Page:
        """List alerts, newest first; every filter given must match."""
        wanted = Filter(
            state=None if state is Wanted.ALL else State(state),
            severity=severity,
            service=service,
            alertname=alertname,
            team=team,
        )
        # One more than asked for tells whether there is a page after this one.
        episodes = await self._store.find(wanted, before, limit + 1)
        page = episodes[:limit]
        has_more = len(episodes) > limit
        return Page(
            alerts=[AlertOut.model_validate(episode) for episode in page],
            next=page[-1].id if has_more else None,
        )

    async def get(self, alert_id: AlertId) -> AlertDetail:
        """Show one alert with its timeline.

        Raises:
            HTTPException: 404, there is no such alert.
        """
        found = await self._store.get(alert_id)
        if found is None:
            raise HTTPException(404, "no such alert")
        episode, transitions = found
        return AlertDetail(
            **AlertOut.model_validate(episode).model_dump(),
            links=[LinkOut.model_validate(link) for link in self._links.of(episode)],
            timeline=[TransitionOut.model_validate(transition) for transition in transitions],
        )
