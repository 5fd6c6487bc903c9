"""Answers browsers about the path of alerts, and tries it."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import HTTPException, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from alerting.inbox.errors import StoreUnavailableError, UpstreamUnavailableError
from alerting.inbox.page import (
    STORE_UNAVAILABLE,
    Content,
    OverviewReader,
    PathHealth,
    desk_fragment,
    fragment,
    page,
    path_page,
)
from alerting.inbox.store import Store
from alerting.inbox.watch import AlertmanagerClient, Heartbeat, ReceiverWatch

Tested = Annotated[str | None, Query(max_length=20)]
_TRIAL = re.compile(r"try-\d{6}")


class Path:
    """Shows whether an alert would reach people, and sends a page that shows it."""

    def __init__(
        self,
        overviews: OverviewReader,
        store: Store,
        alertmanager: AlertmanagerClient | None,
        receivers: ReceiverWatch | None,
        heartbeat: Heartbeat | None,
    ) -> None:
        """Take what is looked at."""
        self._overviews = overviews
        self._store = store
        self._alertmanager = alertmanager
        self._receivers = receivers
        self._heartbeat = heartbeat

    async def show(self, request: Request, tested: Tested = None) -> HTMLResponse:
        """Show the whole path."""
        return page(await self._content(tested), desk_fragment(request.url))

    async def show_fragment(self, tested: Tested = None) -> HTMLResponse:
        """Show the living part of it, which is nearly all."""
        return fragment(await self._content(tested))

    async def test(self) -> Response:
        """Send a page that nobody needs to everybody who gets pages.

        Raises:
            HTTPException: 503, Alertmanager does not take it, or there is none.
        """
        if self._alertmanager is None:
            raise HTTPException(503, "no Alertmanager is known here (INBOX_ALERTMANAGER_URL)")
        try:
            service = await self._alertmanager.send_trial(datetime.now(UTC))
        except UpstreamUnavailableError:
            raise HTTPException(503, "Alertmanager does not take the test page") from None
        return RedirectResponse(f"/health?tested={service}", 303)

    async def _content(self, tested: str | None) -> Content:
        try:
            overview = await self._overviews.read()
            delivered_at = await self._store.delivered_at()
        except StoreUnavailableError:
            return STORE_UNAVAILABLE
        health = PathHealth(
            store_problem=await self._store_problem(),
            delivered_at=delivered_at,
            receivers=self._receivers.latest() if self._receivers else (),
            heartbeat=self._heartbeat.state if self._heartbeat else None,
            can_test=self._alertmanager is not None,
            tested=tested if tested and _TRIAL.fullmatch(tested) else None,
        )
        return path_page(overview, health)

    async def _store_problem(self) -> str | None:
        try:
            await self._store.probe()
        except StoreUnavailableError as error:
            return str(error)
        return None
