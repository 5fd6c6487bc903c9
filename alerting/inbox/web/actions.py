"""Lets people acknowledge an alert, take that back, and comment, by JSON or by a form."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.errors import BodyTimeoutError, BodyTooLargeError
from alerting.inbox.store import Action, Kind, Store, storable
from alerting.inbox.web.alerts import AlertId
from alerting.inbox.web.body import BodyLimits, read_body
from alerting.inbox.web.same_origin import SameOrigin

_LIMITS = BodyLimits(max_bytes=64 * 1024, timeout_seconds=10.0)
_FORM = "application/x-www-form-urlencoded"


class ActionBody(BaseModel):
    """Who does it, and what they say about it; only a comment needs a text."""

    model_config = ConfigDict(str_strip_whitespace=True)

    by: str = Field(default="", max_length=80)
    text: str = Field(default="", max_length=4000)


class Actions:
    """What people can do to an alert."""

    def __init__(self, store: Store, changes: ChangeSignal, same_origin: SameOrigin) -> None:
        """Take where actions are stored, what wakes the followers, and who may act."""
        self._store = store
        self._changes = changes
        self._same_origin = same_origin

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
        self._same_origin(request)
        is_form = request.headers.get("content-type", "").partition(";")[0].strip() == _FORM
        said = _parse(await _read(request), is_form=is_form)
        if kind is Kind.COMMENTED and not said.text:
            raise HTTPException(422, "text: something to say is needed")
        action = Action(alert_id, kind, datetime.now(UTC), storable(said.by), storable(said.text))
        if not await self._store.apply(action):
            raise HTTPException(404, "no such alert")
        self._changes.notify()
        # A form is a person's: show them what they did. 303 makes it a GET.
        return RedirectResponse(f"/episodes/{alert_id}", 303) if is_form else Response(None, 204)


async def _read(request: Request) -> bytes:
    try:
        return await read_body(request, _LIMITS)
    except BodyTooLargeError as error:
        raise HTTPException(413, str(error)) from error
    except BodyTimeoutError as error:
        raise HTTPException(408, str(error)) from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the client left") from error


def _parse(body: bytes, *, is_form: bool) -> ActionBody:
    try:
        content: Any = _form(body) if is_form else json.loads(body or b"{}")
        return ActionBody.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = first["loc"][0] if first["loc"] else "body"
        raise HTTPException(422, f"{place}: {first['msg']}") from None
    except (ValueError, RecursionError):
        raise HTTPException(400, "not JSON, and not a form") from None


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))
