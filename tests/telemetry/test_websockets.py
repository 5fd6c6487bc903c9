"""A WebSocket is counted once, with its endpoint and how it ended."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fastapi import Depends, FastAPI, HTTPException, WebSocket, WebSocketException
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from tests.telemetry.asgi import http_scope
from tests.telemetry.lines import Lines
from tests.telemetry.test_answered_early import Copying

pytestmark = pytest.mark.usefixtures("telemetry")


def sessions(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    """Return the counts by endpoint and outcome."""
    return {
        (sample.labels["endpoint"], sample.labels["outcome"]): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "websocket_sessions_total"
    }


async def speak(app: FastAPI, path: str, *received: Message) -> list[Message]:
    """Open a WebSocket as a server would, pass on what the client sends, return the answers."""
    waiting: list[Message] = [{"type": "websocket.connect"}, *received]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = http_scope(path, type="websocket", scheme="ws", subprotocols=[])
    scope["extensions"] = {"websocket.http.response": {}}
    del scope["method"]
    try:
        await app(scope, receive, send)
    except (RuntimeError, WebSocketDisconnect) as error:
        sent.append({"type": "raised", "error": error})
    return sent


GONE: Message = {"type": "websocket.disconnect", "code": 1001}


async def echo_for_ever(websocket: WebSocket) -> None:
    """Accept, and let the client's leaving end it, as most examples do."""
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())


async def close(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


async def close_with_error(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close(1011)


async def fail(websocket: WebSocket) -> None:
    await websocket.accept()
    raise RuntimeError("broken")


async def refuse(websocket: WebSocket) -> None:
    await websocket.close(1008)


async def refuse_by_exception(_: WebSocket) -> None:
    raise WebSocketException(1008)


async def refuse_by_answer(_: WebSocket) -> None:
    raise HTTPException(401)


async def fail_before(_: WebSocket) -> None:
    raise RuntimeError("broken")


async def say_nothing(_: WebSocket) -> None:
    """Return without an answer; a server sends a 500 then."""


async def wait_and_go(websocket: WebSocket) -> None:
    await websocket.receive()
    await websocket.receive()


@pytest.mark.parametrize(
    ("function", "outcome", "level"),
    [
        (echo_for_ever, "ok", "info"),
        (close, "ok", "info"),
        (close_with_error, "error", "info"),
        (fail, "error", "error"),
        (refuse, "refused", "info"),
        (refuse_by_exception, "refused", "info"),
        (refuse_by_answer, "refused", "info"),
        (fail_before, "handshake_error", "error"),
        (say_nothing, "handshake_error", "info"),
        (wait_and_go, "left", "info"),
    ],
)
@pytest.mark.parametrize("has_middleware", [True, False])
def test_every_end_is_counted_with_its_endpoint(
    app: FastAPI,
    registry: CollectorRegistry,
    lines: Lines,
    function: Callable[[WebSocket], Awaitable[None]],
    outcome: str,
    level: str,
    has_middleware: bool,
) -> None:
    """Refused and failed handshakes too, and a client that leaves is no exception."""
    if has_middleware:
        app.add_middleware(Copying)
    app.add_api_websocket_route("/rooms/{room}", function)
    sent = asyncio.run(speak(app, "/rooms/1", GONE))
    assert sessions(registry) == {("/rooms/{room}", outcome): 1}
    (line,) = lines.of("burnrate.websocket")
    assert (line["level"], line["outcome"]) == (level, outcome)
    assert line["route"] == "/rooms/{room}"
    assert ("exception_type" in line) == (level == "error")
    open_now = registry.get_sample_value("websocket_connections", {"endpoint": "/rooms/{room}"})
    assert not open_now
    raised = [message["error"] for message in sent if message["type"] == "raised"]
    assert all(vars(error)["_burnrate_logged"] for error in raised), "no server reports it again"


def test_dependency_and_middleware_refuse_under_the_endpoint(
    app: FastAPI, registry: CollectorRegistry
) -> None:
    """A refusal is counted where it would have gone, whoever refuses."""

    def forbid() -> None:
        raise WebSocketException(1008)

    class Refusing(Copying):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "websocket" and scope["path"] == "/rooms/2":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self.app(scope, receive, send)

    app.add_middleware(Refusing)
    app.add_api_websocket_route("/rooms/{room}", echo_for_ever, dependencies=[Depends(forbid)])
    app.add_api_route("/rooms/{room}/page", lambda room: room)
    for path in ("/rooms/1", "/rooms/2", "/nowhere", "/rooms/1/page"):
        asyncio.run(speak(app, path, GONE))
    assert sessions(registry) == {("/rooms/{room}", "refused"): 2, ("unmatched", "refused"): 2}


def test_cancelled_session_has_ended(app: FastAPI, registry: CollectorRegistry) -> None:
    """A worker that stops cancels what still runs: no failure of the application."""
    has_begun = asyncio.Event()

    async def wait(websocket: WebSocket) -> None:
        await websocket.accept()
        has_begun.set()
        await asyncio.Event().wait()

    async def serve() -> None:
        session = asyncio.create_task(speak(app, "/rooms/1"))
        await has_begun.wait()
        session.cancel()
        await asyncio.wait([session])

    app.add_api_websocket_route("/rooms/{room}", wait)
    asyncio.run(serve())
    assert sessions(registry) == {("/rooms/{room}", "ok"): 1}


def test_client_library_sees_the_refusal(app: FastAPI, registry: CollectorRegistry) -> None:
    """Counting changes nothing of the handshake."""
    app.add_api_websocket_route("/rooms/{room}", refuse)
    with TestClient(app) as client, pytest.raises(WebSocketDisconnect) as refusal:
        client.websocket_connect("/rooms/1").__enter__()
    assert refusal.value.code == 1008
    assert sessions(registry) == {("/rooms/{room}", "refused"): 1}
