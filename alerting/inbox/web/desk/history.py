"""Answers browsers about what was."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse

from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.page import (
    STORE_UNAVAILABLE,
    Content,
    desk_fragment,
    fragment,
    history_page,
    page,
)
from alerting.inbox.store import Store
from alerting.inbox.web.alerts import Cursor, Label

_A_PAGE = 50


class History:
    """The incidents that are kept, page by page."""

    def __init__(self, store: Store) -> None:
        """Take where they are."""
        self._store = store

    async def show(
        self, request: Request, before: Cursor = None, service: Label = None
    ) -> HTMLResponse:
        """Show one page of them."""
        return page(await self._content(before, service), desk_fragment(request.url))

    async def show_fragment(self, before: Cursor = None, service: Label = None) -> HTMLResponse:
        """Show the living part of it."""
        return fragment(await self._content(before, service))

    async def _content(self, before: int | None, service: str | None) -> Content:
        wanted = None if service is None else {"service": service}
        try:
            found = await self._store.find_incidents(before, _A_PAGE + 1, wanted)
        except StoreUnavailableError:
            return STORE_UNAVAILABLE
        shown = found[:_A_PAGE]
        return history_page(
            shown,
            now=datetime.now(UTC),
            service=service,
            is_first=before is None,
            next_id=shown[-1].id if len(found) > _A_PAGE else None,
        )
