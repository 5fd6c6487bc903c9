"""Answers browsers."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import HTMLResponse

from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.page import (
    NO_SUCH_ALERT,
    NO_SUCH_INCIDENT,
    STORE_UNAVAILABLE,
    Content,
    Links,
    OverviewReader,
    alert_page,
    fragment,
    front_page,
    front_query,
    incident_page,
    page,
)
from alerting.inbox.store import Selection, Store, storable
from alerting.inbox.watch import MutingWatch, SloReader
from alerting.inbox.web.alerts import AlertId
from alerting.inbox.web.incidents import MOST_CHANGES

_MOST_CAUSES = 20
# As long as a label's value may be in a list of alerts.
_Value = Annotated[str, Query(max_length=1024)]
_Words = Annotated[str, Query(max_length=200)]


def _selection(
    severity: _Value = "", service: _Value = "", team: _Value = "", q: _Words = "", slo: _Value = ""
) -> Selection:
    """Read what somebody wants to see from the address."""
    return Selection(*(storable(text.strip()) for text in (severity, service, team, q, slo)))


Selected = Annotated[Selection, Depends(_selection)]


class Pages:
    """The front page, and that of each alert and incident."""

    def __init__(
        self,
        overviews: OverviewReader,
        store: Store,
        links: Links,
        muting: MutingWatch,
        slos: SloReader,
    ) -> None:
        """Take what gathers the front page, and what the pages of alerts are read from."""
        self._overviews = overviews
        self._store = store
        self._links = links
        self._muting = muting
        self._slos = slos

    async def front(self, selection: Selected) -> HTMLResponse:
        """Show the front page, of all alerts or of those that the address selects."""
        return page(await self._front(selection), f"/fragment{front_query(selection)}")

    async def front_fragment(self, selection: Selected) -> HTMLResponse:
        """Show the living part of the front page."""
        return fragment(await self._front(selection))

    async def episode(self, alert_id: AlertId) -> HTMLResponse:
        """Show one alert."""
        return page(await self._episode(alert_id), f"/episodes/{alert_id}/fragment")

    async def episode_fragment(self, alert_id: AlertId) -> HTMLResponse:
        """Show the living part of an alert's page."""
        return fragment(await self._episode(alert_id))

    async def incident(self, incident_id: AlertId) -> HTMLResponse:
        """Show one incident."""
        return page(await self._incident(incident_id), f"/incidents/{incident_id}/fragment")

    async def incident_fragment(self, incident_id: AlertId) -> HTMLResponse:
        """Show the living part of an incident's page."""
        return fragment(await self._incident(incident_id))

    async def _incident(self, incident_id: int) -> Content:
        try:
            record = await self._store.get_incident(incident_id, MOST_CHANGES)
            if record is None:
                return NO_SUCH_INCIDENT
            figures = self._slos.latest()
            services = figures.depends_on(record.incident.identity)
            causes = await self._store.find_causes(record.incident, services, _MOST_CAUSES)
        except StoreUnavailableError:
            return STORE_UNAVAILABLE
        muting = self._muting.latest()
        return incident_page(record, causes, figures, self._links, muting, datetime.now(UTC))

    async def _front(self, selection: Selection) -> Content:
        try:
            overview = await self._overviews.read(selection)
        except StoreUnavailableError:
            return STORE_UNAVAILABLE
        return front_page(overview, self._links)

    async def _episode(self, alert_id: int) -> Content:
        try:
            found = await self._store.get(alert_id)
        except StoreUnavailableError:
            return STORE_UNAVAILABLE
        if found is None:
            return NO_SUCH_ALERT
        episode, timeline = found
        muting = self._muting.latest()
        return alert_page(episode, timeline, self._links, muting, datetime.now(UTC))
