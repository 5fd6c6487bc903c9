"""Reads who does something and what they say about it, from JSON or a form."""

import json
from typing import Any, Final, TypeVar, get_origin
from urllib.parse import parse_qsl

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request

from alerting.inbox.errors import BodyTimeoutError, BodyTooLargeError
from alerting.inbox.web.requests.body import BodyLimits, read_body

_LIMITS = BodyLimits(max_bytes=64 * 1024, timeout_seconds=10.0)
_FORM: Final = "application/x-www-form-urlencoded"
# As nginx/door says who somebody is.
_USER: Final = "x-burnrate-user"
_LONGEST_NAME: Final = 80
_MOST_FIELDS: Final = 40
M = TypeVar("M", bound=BaseModel)


class ActionBody(BaseModel):
    """Who does it, and what they say about it; only a comment needs a text."""

    model_config = ConfigDict(str_strip_whitespace=True)

    by: str = Field(default="", max_length=80)
    text: str = Field(default="", max_length=4000)


def is_form(request: Request) -> bool:
    """Whether a person's form sent this, who is to see what they did."""
    return request.headers.get("content-type", "").partition(";")[0].strip() == _FORM


async def read_words(request: Request) -> ActionBody:
    """Read the body; who gives no name has that of their login.

    Raises:
        HTTPException: 400, 408, 413 or 422.
    """
    said = await read_content(request, ActionBody)
    return said if said.by else said.model_copy(update={"by": user_of(request)})


async def read_content(request: Request, model: type[M]) -> M:
    """Read the body as a model; a form's empty fields count as not sent.

    Raises:
        HTTPException: 400, 408, 413 or 422.
    """
    return _parse(await _read(request), model, is_form=is_form(request))


def user_of(request: Request) -> str:
    """Return the name that the door in front let somebody in by; empty without one."""
    return request.headers.get(_USER, "").strip()[:_LONGEST_NAME]


async def _read(request: Request) -> bytes:
    try:
        return await read_body(request, _LIMITS)
    except BodyTooLargeError as error:
        raise HTTPException(413, str(error)) from error
    except BodyTimeoutError as error:
        raise HTTPException(408, str(error)) from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the client left") from error


def _parse(body: bytes, model: type[M], *, is_form: bool) -> M:
    try:
        content: Any = _form(body, model) if is_form else json.loads(body or b"{}")
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = first["loc"][0] if first["loc"] else "body"
        raise HTTPException(422, f"{place}: {first['msg']}") from None
    except (ValueError, RecursionError):
        raise HTTPException(400, "not JSON, and not a form") from None


def _form(body: bytes, model: type[BaseModel]) -> dict[str, str | list[str]]:
    lists = {
        name for name, field in model.model_fields.items() if get_origin(field.annotation) is list
    }
    content: dict[str, str | list[str]] = {}
    pairs = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    for name, value in pairs:
        if name in lists:
            content[name] = [*content.get(name, []), value]
        else:
            content[name] = value
    return content
