"""Answers browsers about what was."""

from datetime import UTC, datetime, time
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BeforeValidator
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
from alerting.inbox.store import Past, Store
from alerting.inbox.web.alerts import Cursor
from alerting.inbox.web.pages import Selected

_A_PAGE = 50
_DAY = len("2026-11-24")


def _moment(text: object, of_a_day: time) -> datetime | None:
    """Read a time of ISO 8601 in UTC, unless it says otherwise; a form sends "" for none.

    Raises:
        ValueError: it is none.
    """
    given = str(text or "").strip()
    if not given:
        return None
    try:
        at = datetime.fromisoformat(given)
        at = datetime.combine(at, of_a_day) if len(given) == _DAY else at
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("a time such as 2026-11-24 or 2026-11-24T18:00, in UTC") from error


def _begin(text: object) -> datetime | None:
    return _moment(text, time.min)


def _end(text: object) -> datetime | None:
    return _moment(text, time.max)


_From = Annotated[datetime | None, BeforeValidator(_begin), Query(alias="from")]
_Until = Annotated[datetime | None, BeforeValidator(_end), Query()]


def _past(selection: Selected, since: _From = None, until: _Until = None) -> Past:
    """Read which incidents somebody wants to see from the address."""
    return Past(selection, since, until)


Wanted = Annotated[Past, Depends(_past)]


class History:
    """The incidents that are kept, page by page."""

    def __init__(self, store: Store) -> None:
        """Take where they are."""
        self._store = store

    async def show(self, request: Request, past: Wanted, before: Cursor = None) -> HTMLResponse:
        """Show one page of those that the address selects."""
        return page(await self._content(before, past), desk_fragment(request.url))

    async def show_fragment(self, past: Wanted, before: Cursor = None) -> HTMLResponse:
        """Show the living part of it."""
        return fragment(await self._content(before, past))

    async def _content(self, before: int | None, past: Past) -> Content:
        try:
            found = await self._store.find_incidents(before, _A_PAGE + 1, past=past)
            choices = await self._store.find_choices(is_past=True)
        except StoreUnavailableError:
            return STORE_UNAVAILABLE
        shown = found[:_A_PAGE]
        return history_page(
            shown,
            now=datetime.now(UTC),
            past=past,
            choices=choices,
            is_first=before is None,
            next_id=shown[-1].id if len(found) > _A_PAGE else None,
        )
