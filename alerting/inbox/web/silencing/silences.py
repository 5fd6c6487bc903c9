"""Shows what Alertmanager holds back, and makes and ends silences there."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import HTTPException, Path, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.errors import StoreUnavailableError, UpstreamUnavailableError
from alerting.inbox.page import (
    NO_ALERTMANAGER,
    NO_SUCH_ALERT,
    NO_SUCH_INCIDENT,
    STORE_UNAVAILABLE,
    Content,
    SilenceForm,
    fragment,
    page,
    silence_form_page,
    silences_page,
)
from alerting.inbox.store import storable
from alerting.inbox.watch import MutingWatch, NewSilence, SilencingClient
from alerting.inbox.web.requests import is_form, read_content, user_of
from alerting.inbox.web.silencing.about import About
from alerting.inbox.web.silencing.wanted import SilenceBody, in_utc, matchers_of, times_of

_ID_MAX = 2**63 - 1
SilenceId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,80}$")]
Id = Annotated[int | None, Query(ge=1, le=_ID_MAX)]
Hours = Annotated[float, Query(ge=0, le=90 * 24)]
Match = Annotated[list[str] | None, Query(max_length=20)]
# A form sends an empty field as one.
Time = Annotated[str, Query(max_length=40)]
_NO_ANSWER = "Alertmanager does not answer, or refuses"


class Silences:
    """Answers people and programs about silences."""

    def __init__(
        self,
        client: SilencingClient | None,
        watch: MutingWatch,
        about: About,
        changes: ChangeSignal,
    ) -> None:
        """Take who silences, who knows what is silent, and what it is about."""
        self._client = client
        self._watch = watch
        self._about = about
        self._changes = changes

    def show(self) -> HTMLResponse:
        """Show all silences."""
        return page(self._content(), "/silences/fragment")

    def show_fragment(self) -> HTMLResponse:
        """Show the living part of that page."""
        return fragment(self._content())

    async def form(
        self,
        *,
        incident: Id = None,
        alert: Id = None,
        match: Match = None,
        chosen: bool = False,
        hours: Hours = 1.0,
        start: Time = "",
        until: Time = "",
    ) -> HTMLResponse:
        """Show what a silence would match; nothing is silenced by that."""
        texts = (match or []) if chosen else None
        try:
            found = await self._about.find(incident, alert, texts)
        except StoreUnavailableError:
            return page(STORE_UNAVAILABLE, "")
        if self._client is None:
            return page(NO_ALERTMANAGER, "")
        if found is None:
            return page(NO_SUCH_ALERT if incident is None else NO_SUCH_INCIDENT, "")
        content = await self._preview(self._client, _filled(found, hours, start, until))
        return page(content, "")

    async def create(self, request: Request) -> Response:
        """Make a silence.

        Raises:
            HTTPException: 422, it cannot be made like this; 503, Alertmanager does not answer.
        """
        body = await read_content(request, SilenceBody)
        client = self._needed()
        now = datetime.now(UTC)
        try:
            matchers = matchers_of(body.match)
            times = times_of(body.hours, body.start, body.until, now)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        silence = NewSilence(
            matchers=matchers,
            starts_at=times.starts_at,
            ends_at=times.ends_at,
            author=storable(body.by or user_of(request)) or "somebody",
            comment=storable(body.text) or "Silenced at the inbox",
        )
        try:
            made = await client.create(silence)
        except UpstreamUnavailableError as error:
            raise HTTPException(503, _NO_ANSWER) from error
        await self._reread()
        if is_form(request):
            return RedirectResponse("/silences", 303)
        return JSONResponse({"silenceID": made}, 201)

    async def end(self, request: Request, silence_id: SilenceId) -> Response:
        """End a silence now, whoever made it.

        Raises:
            HTTPException: 404, there is none, or it is over; 503, Alertmanager does not answer.
        """
        try:
            if not await self._needed().end(silence_id):
                raise HTTPException(404, "no such silence")
        except UpstreamUnavailableError as error:
            raise HTTPException(503, _NO_ANSWER) from error
        await self._reread()
        if is_form(request):
            return RedirectResponse("/silences", 303)
        return Response(None, 204)

    def _content(self) -> Content:
        if self._client is None:
            return NO_ALERTMANAGER
        return silences_page(self._watch.latest(), datetime.now(UTC))

    async def _preview(self, client: SilencingClient, form: SilenceForm) -> Content:
        now = datetime.now(UTC)
        if form.problem:
            return silence_form_page(form, None, now)
        matchers = matchers_of([each.text for each in form.choices if each.is_chosen])
        try:
            matching = await client.alerts(matchers)
        except UpstreamUnavailableError:
            matching = None
        return silence_form_page(form, matching, now)

    async def _reread(self) -> None:
        await self._watch.read()
        self._changes.notify()

    def _needed(self) -> SilencingClient:
        if self._client is None:
            raise HTTPException(
                404, "no Alertmanager is known here: INBOX_ALERTMANAGER_URL is not set"
            )
        return self._client


def _filled(form: SilenceForm, hours: float, start: str, until: str) -> SilenceForm:
    try:
        starts_at, ends_at = _time(start), _time(until)
    except ValueError:
        return replace(form, problem="A time is written like 2026-11-28T18:30.")
    filled = replace(
        form, hours=hours or None, starts_at=starts_at, until=None if hours else ends_at
    )
    try:
        matchers_of([choice.text for choice in form.choices if choice.is_chosen])
        times_of(filled.hours, starts_at, filled.until, datetime.now(UTC))
    except ValueError as error:
        return replace(filled, problem=f"Not like this: {error}.")
    return filled


def _time(text: str) -> datetime | None:
    return in_utc(datetime.fromisoformat(text)) if text else None
