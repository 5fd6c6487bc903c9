"""Incidents as JSON, and what people say about them."""

from datetime import UTC, datetime

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.store import IncidentAction, Store, StoredIncident, Word, storable
from alerting.inbox.web.alerts import AlertId, AlertOut, Cursor, Limit
from alerting.inbox.web.requests import is_form, read_words

# Of its timeline; a group that repeats for a day has a few hundred.
MOST_CHANGES = 500


class IncidentOut(BaseModel):
    """All alerts of one service until ten quiet minutes; `endedAt` is null while one fires."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    identity: dict[str, str]
    started_at: datetime = Field(serialization_alias="startedAt")
    ended_at: datetime | None = Field(serialization_alias="endedAt")
    alerts: int
    pages: int = Field(description="That fire now")
    others: int = Field(description="Tickets and others that fire now")
    owner: str = Field(description="Who is on it; empty if nobody is any more")


class IncidentPage(BaseModel):
    """Some incidents, newest first; `next` is the cursor of the page after, null at the end."""

    incidents: list[IncidentOut]
    next: int | None


class IncidentDetail(IncidentOut):
    """One incident with its alerts: what fires first, then what ended last."""

    episodes: list[AlertOut]


class Incidents:
    """Answers with incidents, and takes people's words about them."""

    def __init__(self, store: Store, changes: ChangeSignal) -> None:
        """Take where they are stored, and what wakes the followers."""
        self._store = store
        self._changes = changes

    async def list(self, before: Cursor = None, limit: Limit = 50) -> IncidentPage:
        """List incidents, newest first."""
        found = await self._store.find_incidents(before, limit + 1)
        page = [_out(incident) for incident in found[:limit]]
        return IncidentPage(incidents=page, next=page[-1].id if len(found) > limit else None)

    async def on_it(self, request: Request, incident_id: AlertId) -> Response:
        """Say that one is on it: for an hour, until the next word, or until a new alert joins."""
        return await self._say(request, incident_id, Word.ON_IT)

    async def release(self, request: Request, incident_id: AlertId) -> Response:
        """Say that one is not on it any more."""
        return await self._say(request, incident_id, Word.RELEASED)

    async def comment(self, request: Request, incident_id: AlertId) -> Response:
        """Say a word to whoever reads the timeline."""
        return await self._say(request, incident_id, Word.COMMENTED)

    async def now(self, service: str) -> Response:
        """Lead to a service's newest incident: a link that stays the same.

        Raises:
            HTTPException: 404, nothing has fired for it.
        """
        found = await self._store.latest_incident(service)
        if found is None:
            raise HTTPException(404, "no incident of that service")
        return RedirectResponse(f"/incidents/{found}", 302)

    async def get(self, incident_id: AlertId) -> IncidentDetail:
        """Show one incident with its alerts.

        Raises:
            HTTPException: 404, there is no such incident.
        """
        record = await self._store.get_incident(incident_id, 0)
        if record is None:
            raise HTTPException(404, "no such incident")
        return IncidentDetail(
            **_out(record.incident).model_dump(),
            episodes=[AlertOut.model_validate(episode) for episode in record.episodes],
        )

    async def _say(self, request: Request, incident_id: int, word: Word) -> Response:
        said = await read_words(request)
        if word is Word.COMMENTED and not said.text:
            raise HTTPException(422, "text: something to say is needed")
        author, text = storable(said.by), storable(said.text)
        action = IncidentAction(incident_id, word, datetime.now(UTC), author, text)
        if not await self._store.say(action):
            raise HTTPException(404, "no such incident")
        self._changes.notify()
        if is_form(request):
            return RedirectResponse(f"/incidents/{incident_id}", 303)
        return Response(None, 204)


def _out(incident: StoredIncident) -> IncidentOut:
    owner = incident.owner if incident.is_owned(datetime.now(UTC)) else ""
    return IncidentOut.model_validate(incident).model_copy(update={"owner": owner})
