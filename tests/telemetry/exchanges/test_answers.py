"""An answer passes as the application made it, and is counted as what the client got of it."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import ClientDisconnect
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


async def read_all(request: Request) -> int:
    return len(await request.body())


async def read_stream(request: Request) -> int:
    return len([chunk async for chunk in request.stream()])


@pytest.mark.parametrize("route", [read_all, read_stream])
@pytest.mark.parametrize("has_middleware", [True, False])
def test_client_that_leaves_during_its_upload_is_one_line_at_info(
    app: FastAPI,
    registry: CollectorRegistry,
    lines: Lines,
    route: Callable[[Request], Awaitable[int]],
    has_middleware: bool,
) -> None:
    """It is no failure of the service, and what the framework raises is not reported again."""
    received: list[Message] = [{"type": "http.request", "body": b"half", "more_body": True}]

    async def receive() -> Message:
        return received.pop() if received else {"type": "http.disconnect"}

    async def upload() -> ClientDisconnect | None:
        try:
            await call(app, http_scope("/upload", method="POST"), receive)
        except ClientDisconnect as error:
            return error
        return None

    if has_middleware:
        app.middleware("http")(pass_on)
    app.add_api_route("/upload", route, methods=["POST"])
    error = asyncio.run(upload())
    assert statuses(registry, "/upload") == {"499": 1}
    (line,) = [line for line in lines.all if line["logger"] != "asyncio"]
    assert (line["level"], line["status_code"]) == ("info", 499)
    assert "exception_type" not in line
    assert error is None or vars(error)["_burnrate_logged"]


def test_exception_after_the_client_left_has_its_line(
    app: FastAPI, registry: CollectorRegistry, lines: Lines
) -> None:
    """The client never saw the 500, but the fault is the service's."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def route(request: Request) -> None:
        assert await request.is_disconnected()
        raise RuntimeError("broken")

    app.add_api_route("/slow", route)
    asyncio.run(call(app, http_scope("/slow"), receive))
    assert statuses(registry, "/slow") == {"499": 1}
    (line,) = lines.of("burnrate.request")
    assert (line["level"], line["exception_message"]) == ("error", "broken")


class Endless:
    """An answer that goes on until its request is cancelled or its client leaves."""

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self.headers = headers
        self.has_begun = asyncio.Event()
        self.is_left = asyncio.Event()

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await send({**START, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        self.has_begun.set()
        await self.is_left.wait()
        assert (await receive())["type"] == "http.disconnect"

    async def receive(self) -> Message:
        return {"type": "http.disconnect"}


EVENTS = [(b"content-type", b"text/event-stream; charset=utf-8")]
LONG = [(b"content-length", b"1000")]


@pytest.mark.parametrize(
    ("headers", "ending", "status"),
    [
        (EVENTS, "cancelled", "200"),  # the worker is stopped or recycled
        (EVENTS, "left", "200"),  # nothing else ends it
        ([], "cancelled", "200"),
        ([], "left", "499"),
        (LONG, "cancelled", "500"),  # the client waits for the rest
        (LONG, "left", "499"),
    ],
)
def test_end_of_an_endless_answer_is_no_failure(
    app: FastAPI,
    registry: CollectorRegistry,
    lines: Lines,
    headers: list[tuple[bytes, bytes]],
    ending: str,
    status: str,
) -> None:
    """Server-sent events have no last byte: leaving them is their end, and so is a stop."""

    async def serve() -> None:
        answer = Endless(headers)
        app.mount("/raw", answer)
        request = asyncio.create_task(call(app, http_scope("/raw/"), answer.receive))
        await answer.has_begun.wait()
        if ending == "cancelled":
            request.cancel()
        answer.is_left.set()
        await asyncio.wait([request])

    asyncio.run(serve())
    assert statuses(registry, "/raw/{path}") == {status: 1}
    (line,) = lines.of("burnrate.request")
    assert line["level"] == ("warning" if status == "500" else "info")


def test_answers_leave_no_cycles_of_references(app: FastAPI) -> None:
    """What a request leaves behind goes with it, without the garbage collector."""
    app.middleware("http")(pass_on)
    app.add_api_route("/answer", lambda: "ok")
    with TestClient(app) as client:
        client.get("/answer")
    scope = http_scope("/answer")
    asyncio.run(call(app, scope))
    assert not [key for key in scope if key.startswith("burnrate")]
