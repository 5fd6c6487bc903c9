"""An answer passes as the application made it, and is counted as what the client got of it."""

import asyncio
import copy
from collections.abc import Callable
from enum import Enum

import pytest
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse
from prometheus_client import CollectorRegistry
from starlette.middleware.base import RequestResponseEndpoint
from starlette.types import Message, Receive, Scope, Send

from tests.telemetry.asgi import call, http_scope, values
from tests.telemetry.lines import Lines
from tests.telemetry.test_http import statuses

pytestmark = pytest.mark.usefixtures("telemetry")

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
END: Message = {"type": "http.response.body", "body": b""}


def mount(app: FastAPI, *messages: Message, error: BaseException | None = None) -> None:
    """Mount an ASGI application at `/raw` that sends these messages, and may raise then."""

    async def raw(_: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        if error is not None:
            raise error

    app.mount("/raw", raw)


def test_constant_answer_stays_as_the_application_made_it(app: FastAPI) -> None:
    """One dictionary, sent for every request, collects no ids of other requests."""
    constant: Message = {**START, "headers": [(b"x-own", b"1")]}
    before = copy.deepcopy(constant)
    mount(app, constant, END)
    answers = [asyncio.run(call(app, http_scope("/raw/"))) for _ in range(3)]
    assert constant == before
    assert [len(values(messages[0], b"x-request-id")) for messages in answers] == [1, 1, 1]


@pytest.mark.parametrize("name", [b"x-request-id", b"X-Request-ID"])
def test_request_id_of_the_application_stands_once(app: FastAPI, name: bytes) -> None:
    """An application that answers with an id of its own keeps it."""
    mount(app, {**START, "headers": [(name, b"its-own")]}, END)
    answer = asyncio.run(call(app, http_scope("/raw/")))
    assert values(answer[0], b"x-request-id") == [b"its-own"]


def raise_unhandled() -> Response:
    raise RuntimeError("broken")


def raise_handled() -> Response:
    raise HTTPException(500)


@pytest.mark.parametrize(
    ("route", "is_closing"),
    [
        (lambda: Response(status_code=500), False),
        (lambda: Response(status_code=503), False),
        (raise_handled, False),
        (raise_unhandled, True),
    ],
)
def test_only_an_unhandled_exception_ends_the_connection(
    app: FastAPI, route: Callable[[], Response], is_closing: bool
) -> None:
    """A server closes it after the application raised; a proxy must not send more into it."""
    app.add_api_route("/answer", route)
    for version, expected in (("1.1", [b"close"] if is_closing else []), ("2", [])):
        start, *_ = asyncio.run(call(app, http_scope("/answer", http_version=version)))
        assert values(start, b"connection") == expected


def test_custom_page_of_an_unhandled_exception_announces_the_end_once(app: FastAPI) -> None:
    """The application's own page for it is sent from the same layer, which raises afterwards."""

    @app.exception_handler(Exception)
    async def page(_: Request, _error: Exception) -> Response:
        return Response(status_code=500, headers={"Connection": "close"})

    app.add_api_route("/answer", raise_unhandled)
    start, *_ = asyncio.run(call(app, http_scope("/answer")))
    assert values(start, b"connection") == [b"close"]


TRAILERS: Message = {"type": "http.response.trailers", "headers": []}


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param((START, {"type": "http.response.pathsend", "path": "/x"}), id="file"),
        pytest.param((START, {"type": "http.response.zerocopysend", "file": 3}), id="descriptor"),
        pytest.param(
            (
                START,
                {"type": "http.response.zerocopysend", "file": 3, "more_body": True},
                {"type": "http.response.body", "body": b"x"},
            ),
            id="descriptor and body",
        ),
        pytest.param(({"type": "http.response.early_hint", "links": []}, START, END), id="hint"),
        pytest.param(({**START, "trailers": True}, END, TRAILERS), id="trailers"),
        pytest.param(
            ({**START, "trailers": True}, END, {**TRAILERS, "more_trailers": True}, TRAILERS),
            id="two trailers",
        ),
        pytest.param(({**START, "trailers": True}, END), id="trailers that no server asked for"),
        pytest.param((START, {"type": "http.response.future"}), id="unknown extension"),
    ],
)
def test_every_way_to_end_an_answer_is_a_success(
    app: FastAPI, registry: CollectorRegistry, lines: Lines, messages: tuple[Message, ...]
) -> None:
    """What extensions of ASGI send counts as what it is, and passes unchanged."""
    mount(app, *messages)
    sent = asyncio.run(call(app, http_scope("/raw/")))
    assert [message["type"] for message in sent] == [message["type"] for message in messages]
    assert statuses(registry, "/raw/{path}") == {"200": 1}
    assert len(lines.of("burnrate.request")) == 1


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        pytest.param((START,), None, id="no body"),
        pytest.param((), None, id="nothing"),
        pytest.param(({"type": "http.response.early_hint", "links": []},), None, id="only a hint"),
        pytest.param((START, {**END, "more_body": True}), None, id="gave up in the middle"),
        pytest.param((START, {**END, "more_body": True}), RuntimeError("x"), id="broke"),
        pytest.param(
            ({**START, "trailers": True}, END), RuntimeError("x"), id="broke before its trailers"
        ),
    ],
)
def test_every_way_to_leave_an_answer_unfinished_is_a_failure(
    app: FastAPI,
    registry: CollectorRegistry,
    messages: tuple[Message, ...],
    error: Exception | None,
) -> None:
    """The client got half an answer or none."""
    mount(app, *messages, error=error)
    asyncio.run(call(app, http_scope("/raw/")))
    assert statuses(registry, "/raw/{path}") == {"500": 1}


def test_file_that_the_server_sends_itself_is_a_200(
    app: FastAPI, registry: CollectorRegistry
) -> None:
    """Starlette leaves a file to a server that offers `pathsend`, through middlewares too."""

    async def pass_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    app.middleware("http")(pass_on)
    app.add_api_route("/file", lambda: FileResponse(__file__))
    scope = http_scope("/file", extensions={"http.response.pathsend": {}})
    sent = asyncio.run(call(app, scope))
    assert sent[-1]["type"] == "http.response.pathsend"
    assert statuses(registry, "/file") == {"200": 1}


class Status(int, Enum):
    """Statuses by name, as an application may have them."""

    GONE = 410


def test_status_of_an_enumeration_counts_as_its_number(
    app: FastAPI, registry: CollectorRegistry, lines: Lines
) -> None:
    """Its text is its name, which is neither a label nor JSON."""
    mount(app, {**START, "status": Status.GONE}, END)
    asyncio.run(call(app, http_scope("/raw/")))
    assert statuses(registry, "/raw/{path}") == {"410": 1}
    (line,) = lines.of("burnrate.request")
    assert (line["status_code"], line["message"]) == (410, "GET /raw/ 410")
