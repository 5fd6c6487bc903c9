"""Answers browsers."""

from datetime import UTC, datetime

from starlette.responses import HTMLResponse

from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.page import (
    NO_SUCH_ALERT,
    STORE_UNAVAILABLE,
    Content,
    Links,
    OverviewReader,
    alert_page,
    fragment,
    front_page,
    page,
)
from alerting.inbox.store import Store
from alerting.inbox.web.alerts import AlertId


class Pages:
    """The front page and each alert's own."""

    def __init__(self, overviews: OverviewReader, store: Store, links: Links) -> None:
        """Take what gathers the front page, and what an alert's page is read from."""
        self._overviews = overviews
        self._store = store
        self._links = links

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
        return alert_page(episode, timeline, self._links, datetime.now(UTC))
