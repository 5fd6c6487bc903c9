"""Answers browsers."""

from datetime import UTC, datetime

from starlette.responses import HTMLResponse

from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.page import (
    Html,
    Links,
    OverviewReader,
    alert_page,
    fill,
    fragment,
    front_page,
    heading,
    page,
    title_of,
)
from alerting.inbox.store import Store
from alerting.inbox.web.alerts import Id

_NO_STORE = """<section class="state blind"><h1>The store is not available</h1>
<p>Deliveries are answered with 503 meanwhile, and Alertmanager sends them again. The inbox's log
says what is wrong with the file.</p></section>"""
_NO_ALERT = """<section class="state waiting"><h1>No such alert</h1>
<p>It may be older than what is kept. <a href="/">What there is</a></p></section>"""


class Pages:
    """The front page and each alert's own."""

    def __init__(self, overviews: OverviewReader, store: Store, links: Links) -> None:
        """Take what gathers the front page, and what an alert's page is read from."""
        self._overviews = overviews
        self._store = store
        self._links = links

    async def front(self) -> HTMLResponse:
        """Show the front page."""
        title, content, status = await self._front()
        return page(title, content, "/fragment", status)

    async def front_fragment(self) -> HTMLResponse:
        """Show the living part of the front page."""
        _, content, _ = await self._front()
        return fragment(content)

    async def episode(self, alert_id: Id) -> HTMLResponse:
        """Show one alert."""
        title, content, status = await self._episode(alert_id)
        return page(title, content, f"/episodes/{alert_id}/fragment", status)

    async def episode_fragment(self, alert_id: Id) -> HTMLResponse:
        """Show the living part of an alert's page."""
        _, content, _ = await self._episode(alert_id)
        return fragment(content)

    async def _front(self) -> tuple[str, Html, int]:
        try:
            overview = await self._overviews.read()
        except StoreUnavailableError:
            return "The store is not available", fill(_NO_STORE), 503
        return f"{heading(overview)} · Burnrate", front_page(overview, self._links), 200

    async def _episode(self, alert_id: int) -> tuple[str, Html, int]:
        try:
            found = await self._store.get(alert_id)
        except StoreUnavailableError:
            return "The store is not available", fill(_NO_STORE), 503
        if found is None:
            return "No such alert", fill(_NO_ALERT), 404
        episode, timeline = found
        content = alert_page(episode, timeline, self._links, datetime.now(UTC))
        return f"{title_of(episode)} · Burnrate", content, 200
