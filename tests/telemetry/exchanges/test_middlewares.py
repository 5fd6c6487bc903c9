"""What the client got is counted behind `BaseHTTPMiddleware`, too; a failure is told once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

from tests.telemetry.asgi import call, http_scope, values
from tests.telemetry.exchanges.test_answers import raise_unhandled
from tests.telemetry.lines import Lines
from tests.telemetry.test_http import statuses

pytestmark = pytest.mark.usefixtures("telemetry")


async def pass_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return await call_next(request)


class PassingOn(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)


async def break_off(*_: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 - ignored
    yield b"half"
    raise RuntimeError("lost")


async def break_at_once(*_: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 - ignored
    if _:
        yield b""
    raise RuntimeError("lost")


@pytest.mark.parametrize("layers", [0, 1, 3])
@pytest.mark.parametrize("chunks", [break_off, break_at_once])
def test_stream_that_breaks_behind_middlewares_is_a_failure(
    app: FastAPI,
    registry: CollectorRegistry,
    lines: Lines,
    layers: int,
    chunks: Callable[[], AsyncIterator[bytes]],
) -> None:
    """`BaseHTTPMiddleware` ends the answer in good order; the line has exception and ids."""
    app.add_api_route("/stream", lambda: StreamingResponse(chunks()))
    for layer in range(layers):
        if layer == 1:
            app.add_middleware(PassingOn)
        else:
            app.middleware("http")(pass_on)
    sent = asyncio.run(call(app, http_scope("/stream")))
    assert statuses(registry, "/stream") == {"500": 1}
    (line,) = lines.of("burnrate.request")
    assert line["level"] == "error"
    assert line["exception_message"] == "lost"
    assert line["request_id"].encode() in values(sent[0], b"x-request-id")


def test_exception_that_a_middleware_answers_is_what_it_answers(
    app: FastAPI, registry: CollectorRegistry, lines: Lines
) -> None:
    """A refusal made of an exception is no failure."""

    async def forbid(request: Request, call_next: RequestResponseEndpoint) -> Response:
        try:
            return await call_next(request)
        except RuntimeError:
            return Response(status_code=403)

    app.middleware("http")(forbid)
    app.add_api_route("/answer", raise_unhandled)
    asyncio.run(call(app, http_scope("/answer")))
    assert statuses(registry, "/answer") == {"403": 1}
    assert [line["status_code"] for line in lines.of("burnrate.request")] == [403]


@pytest.mark.parametrize("has_middleware", [True, False])
def test_failing_background_task_is_logged_once_with_the_ids(
    app: FastAPI, registry: CollectorRegistry, lines: Lines, has_middleware: bool
) -> None:
    """The client has its 200, which counts; the task's exception has a line of its own."""

    async def later() -> None:
        raise RuntimeError("too late")

    def accept(tasks: BackgroundTasks) -> str:
        tasks.add_task(later)
        return "accepted"

    if has_middleware:
        app.middleware("http")(pass_on)
    app.add_api_route("/accept", accept)
    sent = asyncio.run(call(app, http_scope("/accept")))
    assert statuses(registry, "/accept") == {"200": 1}
    (answered,) = lines.of("burnrate.request")
    (failed,) = lines.of("burnrate.background")
    assert answered["status_code"] == 200
    assert failed["level"] == "error"
    assert failed["exception_message"] == "too late"
    assert failed["route"] == "/accept"
    assert failed["trace_id"] == answered["trace_id"]
    error = sent[-1]["error"]
    assert error._burnrate_logged, "the server does not report it again"


def test_answers_leave_no_cycles_of_references(app: FastAPI) -> None:
    """What a request leaves behind goes with it, without the garbage collector."""
    app.middleware("http")(pass_on)
    app.add_api_route("/answer", lambda: "ok")
    with TestClient(app) as client:
        client.get("/answer")
    scope = http_scope("/answer")
    asyncio.run(call(app, scope))
    assert not [key for key in scope if key.startswith("burnrate")]
