"""What an application sees behind the HTTP protocol with limits; those are in `test_heads.py`."""

import asyncio
import threading
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from burnrate.telemetry.server.bounded_http import BoundedHttp
from tests.alerting.servers import serving
from tests.servers.front import send_raw
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration

CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"


async def _echo(request: Request) -> JSONResponse:
    body = await request.body()
    return JSONResponse({"body": len(body), "names": [name for name, _ in request.headers.items()]})


def test_trailers_do_not_become_headers() -> None:
    """A field that no limit looked at must not be taken for one that was."""
    app = Starlette(routes=[Route("/", _echo, methods=["POST"])])
    with serving(app, BoundedHttp) as url:
        port = urlsplit(url).port or 0
        answer = send_raw(port, CHUNKED + b"1\r\nx\r\n0\r\nX-Trailer: x\r\n\r\n")
    assert b'"body":1' in answer
    assert b"trailer" not in answer


def test_body_has_no_limit_of_its_own() -> None:
    """How much an application takes is its own matter."""
    app = Starlette(routes=[Route("/", _echo, methods=["POST"])])
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    with serving(app, BoundedHttp) as url:
        port = urlsplit(url).port or 0
        answer = send_raw(port, CHUNKED + chunk * 64 + b"0\r\n\r\n")
    assert b'"body":4194304' in answer


def test_stream_is_sent_while_it_is_made() -> None:
    """Each part at once, although what is made in one moment is one write."""
    go_on = threading.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.to_thread(go_on.wait, PATIENCE_SECONDS)
        yield b"second"

    async def stream(_: Request) -> StreamingResponse:
        return StreamingResponse(parts())

    app = Starlette(routes=[Route("/", stream)])
    with serving(app, BoundedHttp) as url, httpx2.stream("GET", url) as answer:
        received = answer.iter_bytes()
        assert next(received) == b"first"
        go_on.set()
        assert next(received) == b"second"
