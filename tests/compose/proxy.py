"""nginx with the tree's file in front of a small application, as a fixture."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from burnrate.stack import free_port
from tests.compose.servers import ROOT, running_app, running_nginx
from tests.support.waiting import PATIENCE_SECONDS, wait_until

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    port: int
    status_port: int
    log: Path

    @property
    def url(self) -> str:
        """Where clients come in."""
        return f"http://127.0.0.1:{self.port}"

    def lines(self, count: int = 1) -> list[dict[str, object]]:
        """Return the access log once it has `count` lines; each must be JSON."""

        def enough() -> list[dict[str, object]]:
            raw = self.log.read_bytes().splitlines()
            lines = [json.loads(line) for line in raw if line.startswith(b"{")]
            return lines if len(lines) >= count else []

        return wait_until(enough, f"{count} lines of nginx")

    def send(self, raw: bytes) -> bytes:
        """Send bytes as they are and return everything that comes back."""
        with socket.create_connection(
            ("127.0.0.1", self.port), timeout=PATIENCE_SECONDS
        ) as connection:
            connection.sendall(raw)
            answer = b""
            # A reset ends an answer as well as a close does.
            with suppress(ConnectionResetError):
                while chunk := connection.recv(65536):
                    answer += chunk
            return answer


async def _echo(request: Request) -> Response:
    body = await request.body()
    raw = request.scope["raw_path"].decode("latin-1")
    headers = [[name, value] for name, value in request.headers.items()]
    return JSONResponse({"path": raw, "headers": headers, "length": len(body)})


async def _sized(request: Request) -> Response:
    body = "a" * request.path_params["size"]
    return Response(body, media_type=request.query_params.get("type", "application/json"))


async def _feed(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json(dict(websocket.headers))
    await websocket.close()


APP = Starlette(
    routes=[
        Route("/sized/{size:int}", _sized),
        WebSocketRoute("/feed", _feed),
        WebSocketRoute("/other", _feed),
        Route("/{path:path}", _echo, methods=["GET", "POST", "PUT"]),
    ]
)


@pytest.fixture
def start_proxy(tmp_path: Path) -> Iterator["StartProxy"]:
    with ExitStack() as stack:
        yield StartProxy(tmp_path, stack)


@dataclass(frozen=True)
class StartProxy:
    """Starts nginx in front of an upstream."""

    folder: Path
    stack: ExitStack

    def __call__(self, upstream_port: int, **changes: str) -> Proxy:
        """Run it on free ports; `changes` shorten time-outs, by directive."""
        port, status_port = free_port(), free_port()
        replacements = {
            "api:8000": f"127.0.0.1:{upstream_port}",
            "0.0.0.0:8080": f"127.0.0.1:{port}",
            "0.0.0.0:8081": f"127.0.0.1:{status_port}",
        }
        replacements |= {f"{name} ": f"{name} {value}; # " for name, value in changes.items()}
        nginx = running_nginx(ROOT / "nginx/nginx.conf", self.folder / "ng", replacements, port)
        return Proxy(port, status_port, self.stack.enter_context(nginx))


@pytest.fixture
def proxy(start_proxy: StartProxy) -> Proxy:
    return start_proxy(start_proxy.stack.enter_context(running_app(APP)))


def seen_headers(response: httpx2.Response) -> dict[str, list[str]]:
    """Return the headers that reached the application."""
    seen: dict[str, list[str]] = {}
    for name, value in response.json()["headers"]:
        seen.setdefault(name, []).append(value)
    return seen
