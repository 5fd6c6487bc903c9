"""Answers browsers."""

from datetime import UTC, datetime

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
    incident_page,
    page,
)
from alerting.inbox.store import Store
from alerting.inbox.watch import MutingWatch, SloReader
from alerting.inbox.web.alerts import AlertId
from alerting.inbox.web.incidents import MOST_CHANGES

_MOST_CAUSES = 20


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

    async def front(self) -> HTMLResponse:
        """Show the front page."""
        return page(await self._front(), "/fragment")

    async def front_fragment(self) -> HTMLResponse:
        """Show the living part of the front page."""
        return fragment(await self._front())

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

    async def _front(self) -> Content:
        try:
            overview = await self._overviews.read()
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
