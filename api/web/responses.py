"""Answers that are encoded already, and what the OpenAPI document says about errors."""

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from api.web.errors import ErrorBody, ValidationErrorBody

Responses = dict[int | str, dict[str, Any]]

_DESCRIPTIONS = {
    HTTPStatus.NOT_FOUND: "There is no such thing",
    HTTPStatus.CONFLICT: "It contradicts what is stored",
    HTTPStatus.PRECONDITION_FAILED: "It has changed since it was read",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A value cannot be used",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests from this address",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something unexpected happened",
    HTTPStatus.SERVICE_UNAVAILABLE: "A dependency does not answer or is full",
}


def json_response(body: bytes) -> Response:
    """Return an answer of JSON that is encoded already."""
    return Response(body, media_type="application/json")


def error_responses(*statuses: int) -> Responses:
    """Describe these errors and those that every route may answer."""
    described: Responses = {}
    for status in sorted({*statuses, 429, 500}):
        is_validation = status == HTTPStatus.UNPROCESSABLE_ENTITY
        described[status] = {
            "model": ValidationErrorBody if is_validation else ErrorBody,
            "description": _DESCRIPTIONS[HTTPStatus(status)],
        }
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            described[status]["headers"] = {
                "Retry-After": {
                    "description": "Seconds after which to try again",
                    "schema": {"type": "integer"},
                }
            }
    return described
