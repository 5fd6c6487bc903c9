"""Every error answers with one short line, and never with what the client sent."""

import logging

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from alerting.inbox.errors import StoreUnavailableError, TooManyStreamsError
from burnrate.telemetry import current_request

_log = logging.getLogger(__name__)


def add_error_handlers(app: FastAPI) -> None:
    """Let the application answer every error with `{"error": ..., "request_id": ...}`."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StoreUnavailableError, _unavailable)
    app.add_exception_handler(TooManyStreamsError, _too_many)
    app.add_exception_handler(Exception, _unexpected)


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (what it is registered for)
    return answer_error(error.status_code, str(error.detail), dict(error.headers or {}))


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (what it is registered for)
    first = error.errors()[0]
    return answer_error(422, f"{first['loc'][-1]}: {first['msg']}")


async def _unavailable(_request: Request, error: Exception) -> Response:
    _log.error("the store is not available", exc_info=error)
    return answer_error(503, "the store is not available")


async def _too_many(_request: Request, _error: Exception) -> Response:
    return answer_error(503, "too many clients follow the changes already", {"Retry-After": "10"})


async def _unexpected(_request: Request, _error: Exception) -> Response:
    return answer_error(500, "internal error")  # Starlette raises it again, and it is logged there


def answer_error(status: int, line: str, headers: dict[str, str] | None = None) -> Response:
    """Return an answer in the one shape that all errors have."""
    request = current_request()
    content = {"error": line, "request_id": request.request_id if request else None}
    return JSONResponse(content, status, headers)
