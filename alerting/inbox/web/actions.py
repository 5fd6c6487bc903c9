"""Lets people acknowledge an alert, take that back, and comment, by JSON or by a form."""

from datetime import UTC, datetime

from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.store import Action, Kind, Store, storable
from alerting.inbox.web.alerts import AlertId
from alerting.inbox.web.requests import is_form, read_words


class Actions:
    """What people can do to an alert."""

    def __init__(self, store: Store, changes: ChangeSignal) -> None:
        """Take where actions are stored, and what wakes the followers."""
        self._store = store
        self._changes = changes

    async def acknowledge(self, request: Request, alert_id: AlertId) -> Response:
        """Acknowledge an alert: somebody works on it."""
        return await self._do(request, alert_id, Kind.ACKNOWLEDGED)

    async def unacknowledge(self, request: Request, alert_id: AlertId) -> Response:
        """Take an acknowledgement back: nobody works on it any more."""
        return await self._do(request, alert_id, Kind.UNACKNOWLEDGED)

    async def comment(self, request: Request, alert_id: AlertId) -> Response:
        """Add a comment to the timeline."""
        return await self._do(request, alert_id, Kind.COMMENTED)

    async def _do(self, request: Request, alert_id: int, kind: Kind) -> Response:
        said = await read_words(request)
        if kind is Kind.COMMENTED and not said.text:
            raise HTTPException(422, "text: something to say is needed")
        action = Action(alert_id, kind, datetime.now(UTC), storable(said.by), storable(said.text))
        if not await self._store.apply(action):
            raise HTTPException(404, "no such alert")
        self._changes.notify()
        # A form is a person's: show them what they did. 303 makes it a GET.
        return (
            RedirectResponse(f"/episodes/{alert_id}", 303)
            if is_form(request)
            else Response(None, 204)
        )
