"""Reads who does something and what they say about it, from JSON or a form."""

import json
from typing import Any
from urllib.parse import parse_qsl

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request

from alerting.inbox.errors import BodyTimeoutError, BodyTooLargeError
from alerting.inbox.web.requests.body import BodyLimits, read_body

_LIMITS = BodyLimits(max_bytes=64 * 1024, timeout_seconds=10.0)
_FORM = "application/x-www-form-urlencoded"


class ActionBody(BaseModel):
    """Who does it, and what they say about it; only a comment needs a text."""

    model_config = ConfigDict(str_strip_whitespace=True)

    by: str = Field(default="", max_length=80)
    text: str = Field(default="", max_length=4000)


def is_form(request: Request) -> bool:
    """Whether a person's form sent this, who is to see what they did."""
    return request.headers.get("content-type", "").partition(";")[0].strip() == _FORM


async def read_words(request: Request) -> ActionBody:
    """Read the body.

    Raises:
        HTTPException: 400, 408, 413 or 422.
    """
    return _parse(await _read(request), is_form=is_form(request))


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
