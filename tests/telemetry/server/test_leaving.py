"""How a worker that leaves closes connections that nobody uses any more."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import pytest
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from burnrate.telemetry.server import worker
from tests.support.waiting import wait_until_async

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
WAITING = 50


async def _answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body())


async def _with_server(use: Callable[[uvicorn.Server, int], Awaitable[None]]) -> None:
    app = Starlette(routes=[Route("/", _answer, methods=["POST"])])
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None)
    server = worker._Server(config, lambda _: None)
    serving = asyncio.create_task(server._serve())
    await wait_until_async(lambda: server.started)
    await use(server, server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    await serving


async def _ask(client: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, REQUEST)
    return await loop.sock_recv(client, 65_536)


def test_request_that_has_just_come_is_answered_before_its_connection_closes() -> None:
    """Closed with it unread, a proxy sees a reset, and may not send a POST a second time."""

    async def use(server: uvicorn.Server, port: int) -> None:
        loop = asyncio.get_running_loop()
        busy, idle = (socket.create_connection(("127.0.0.1", port)) for _ in range(2))
        with busy, idle:
            for client in (busy, idle):
                client.setblocking(False)
                assert (await _ask(client)).endswith(b"x")
            connections: set[Any] = server.server_state.connections
            await wait_until_async(lambda: all(map(worker._is_idle, connections)))
            # The event loop has no chance to see it before it is asked to close what is idle.
            busy.send(REQUEST)
            await worker._close_idle(connections)
            await wait_until_async(lambda: not connections)
            assert (await loop.sock_recv(busy, 65_536)).startswith(b"HTTP/1.1 200")
            assert await loop.sock_recv(idle, 1) == b""

    asyncio.run(_with_server(use))


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_connections_that_wait_to_be_accepted_are_answered(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Their clients have sent a request, which nobody may send a second time if it is a POST."""

    async def use(server: uvicorn.Server, port: int) -> None:
        loop = asyncio.get_running_loop()
        with ExitStack() as stack:
            # All within one turn of the event loop, which has accepted none of them yet.
            waiting = [
                stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                for _ in range(WAITING)
            ]
            for client in waiting:
                client.setblocking(False)
                client.send(REQUEST)
            server.should_exit = True
            ending = asyncio.create_task(server.shutdown())
            answers = [await loop.sock_recv(client, 65_536) for client in waiting]
            await ending
        assert [answer[:12] for answer in answers] == [b"HTTP/1.1 200"] * WAITING

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(_with_server(use))
