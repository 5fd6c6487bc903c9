"""A client that leaves, amid its upload or an endless answer, is neither an error nor forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from tests.telemetry.asgi import call, http_scope
from tests.telemetry.exchanges.test_answers import START
from tests.telemetry.exchanges.test_middlewares import pass_on
from tests.telemetry.lines import Lines
from tests.telemetry.test_http import statuses

pytestmark = pytest.mark.usefixtures("telemetry")


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


class Cycle:
    """What uvicorn knows of a request: whether its client is still there."""

    def __init__(self) -> None:
        self.disconnected = False

    async def receive(self) -> Message:
        """Say that it has left, as soon as it has."""
        while not self.disconnected:  # noqa: ASYNC110 - it is not set by a task
            await asyncio.sleep(0)
        return {"type": "http.disconnect"}


LENGTH = [(b"Content-Length", b"6")]
GOES = "the client goes"


@pytest.mark.parametrize(
    ("method", "start", "parts", "status"),
    [
        ("GET", {"headers": LENGTH}, [b"abcdef", GOES, b""], "200"),
        ("GET", {"headers": LENGTH}, [b"abc", b"def", GOES, b""], "200"),
        ("GET", {"headers": LENGTH}, [b"abc", GOES, b"def", b""], "499"),
        ("GET", {"headers": LENGTH}, [GOES, b"abcdef"], "499"),
        ("GET", {}, [b"abcdef", GOES, b""], "499"),  # the last chunk says that it is the last
        ("GET", {"headers": [(b"content-length", b"?")]}, [b"abcdef", GOES, b""], "499"),
        ("GET", {"headers": [(b"content-length", b"0")], "status": 307}, [GOES, b""], "307"),
        ("GET", {"status": 204}, [GOES, b""], "204"),
        ("HEAD", {"headers": LENGTH}, [GOES, b""], "200"),
    ],
)
@pytest.mark.parametrize("has_seen_it", [True, False])
def test_client_that_leaves_with_its_whole_answer_got_it(
    app: FastAPI,
    registry: CollectorRegistry,
    method: str,
    start: dict[str, Any],
    parts: list[bytes | str],
    status: str,
    has_seen_it: bool,
) -> None:
    """A middleware that streams ends an answer by an empty message, which nobody waits for."""
    cycle = Cycle()

    async def raw(_: Scope, receive: Receive, send: Send) -> None:
        await send({**START, **start})
        for number, part in enumerate(parts, 1):
            if isinstance(part, bytes):
                more = number < len(parts)
                await send({"type": "http.response.body", "body": part, "more_body": more})
            else:
                cycle.disconnected = True
                if has_seen_it:
                    await receive()

    app.mount("/raw", raw)
    asyncio.run(call(app, http_scope("/raw/", method=method), cycle.receive))
    counted = {
        sample.labels["status"]
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "http_requests_total" and sample.value
    }
    assert counted == {status}


def test_client_that_left_before_its_answer_began_got_none(
    app: FastAPI, registry: CollectorRegistry
) -> None:
    """Not even one of no bytes."""
    cycle = Cycle()

    async def raw(_: Scope, _receive: Receive, send: Send) -> None:
        cycle.disconnected = True
        await send({**START, "status": 204})
        await send({"type": "http.response.body", "body": b""})

    app.mount("/raw", raw)
    asyncio.run(call(app, http_scope("/raw/"), cycle.receive))
    assert statuses(registry, "/raw/{path}") == {"499": 1}
