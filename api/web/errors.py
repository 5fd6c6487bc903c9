"""The common shape of all error answers, and the HTTP status of each exception."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from api.errors import Changed, Conflict, DependencyUnavailable, InvalidInput, NotFound
from api.web.headers import SECURITY_HEADERS
from burnrate.telemetry import current_request

VALIDATION_ERROR = "Validation error"

# What a client sends may be as long as the server's line limit; an answer need not repeat it all.
_MAX_PATH_CHARACTERS = 1_000
# A thousand wrong elements in a list are one mistake.
_MAX_DETAILS = 20
# What Python's JSON parser says to bytes that are not UTF-8, numbers too long and nesting too
# deep; FastAPI makes a 400 of it.
_UNPARSABLE = (ValueError, RecursionError)


class ErrorBody(BaseModel):
    """The body of every error answer."""

    error: str = Field(examples=["Not Found"])
    path: str = Field(examples=["/posts/1"])
    request_id: str | None = Field(description="The id in the header X-Request-ID and in the logs")
    trace_id: str | None = Field(description="The id of the trace")


class ErrorDetail(BaseModel):
    """One wrong value: where it is and what is wrong with it, never the value itself."""

    loc: list[str | int] = Field(examples=[["body", "title"]])
    msg: str = Field(examples=["String should have at least 1 character"])
    type: str = Field(examples=["string_too_short"])


class ValidationErrorBody(ErrorBody):
    """The body of a 422."""

    error: str = Field(examples=[VALIDATION_ERROR])
    details: list[ErrorDetail]


def error_response(
    scope: Scope,
    status: int,
    message: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,  # noqa: ANN401 - further members of the body
) -> Response:
    """Return an error answer; what JSON cannot carry is escaped."""
    request = current_request()
    body = {
        "error": message,
        "path": str(scope["path"])[:_MAX_PATH_CHARACTERS],
        "request_id": request.request_id if request else None,
        "trace_id": request.trace_id if request else None,
        **more,
    }
    # ASCII: a lone surrogate, legal in a Python string, cannot be encoded as UTF-8.
    content = json.dumps(body, ensure_ascii=True, allow_nan=False).encode("ascii")
    # The 500 is sent from outside the middleware that adds these to every other answer.
    all_headers = {**SECURITY_HEADERS, **(headers or {})}
    return Response(content, status, headers=all_headers, media_type="application/json")


def add_error_handlers(app: FastAPI) -> None:
    """Answer every exception in the common shape."""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(InvalidInput, _invalid_input)
    app.add_exception_handler(NotFound, _not_found)
    app.add_exception_handler(Conflict, _conflict)
    app.add_exception_handler(Changed, _changed)
    app.add_exception_handler(DependencyUnavailable, _unavailable)
    app.add_exception_handler(Exception, _unexpected)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - narrows Starlette's signature
    cause = error.__cause__
    if error.status_code == HTTPStatus.BAD_REQUEST and isinstance(cause, _UNPARSABLE):
        return _invalid_json(request)
    return error_response(request.scope, error.status_code, error.detail, headers=error.headers)


def _invalid_json(request: Request) -> Response:
    return _validation_response(
        request, [ErrorDetail(loc=["body"], msg="JSON decode error", type="json_invalid")]
    )


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    details = [_detail(each) for each in error.errors()[:_MAX_DETAILS]]
    return _validation_response(request, details)


def _detail(problem: Mapping[str, Any]) -> ErrorDetail:
    location = list(problem["loc"])
    if problem["type"] == "extra_forbidden":
        # The last step is a name the client made up.
        location = location[:-1]
    return ErrorDetail(loc=location, msg=problem["msg"], type=problem["type"])


async def _invalid_input(request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidInput)  # noqa: S101
    detail = ErrorDetail(loc=list(error.location), msg=str(error), type="invalid")
    return _validation_response(request, [detail])


def _validation_response(request: Request, details: Sequence[ErrorDetail]) -> Response:
    return error_response(
        request.scope,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        VALIDATION_ERROR,
        details=[detail.model_dump() for detail in details],
    )


async def _not_found(request: Request, error: Exception) -> Response:
    return error_response(request.scope, HTTPStatus.NOT_FOUND, str(error))


async def _conflict(request: Request, error: Exception) -> Response:
    return error_response(request.scope, HTTPStatus.CONFLICT, str(error))


async def _changed(request: Request, error: Exception) -> Response:
    return error_response(request.scope, HTTPStatus.PRECONDITION_FAILED, str(error))


async def _unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, DependencyUnavailable)  # noqa: S101
    headers = {"Retry-After": str(error.retry_after_seconds)}
    return error_response(
        request.scope, HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=headers
    )


async def _unexpected(request: Request, _: Exception) -> Response:
    # The exception goes on to the telemetry, which logs it with its stack, once.
    return error_response(
        request.scope, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.INTERNAL_SERVER_ERROR.phrase
    )
