"""An application of many kinds of answers, which each server in the matrix runs."""

import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from fastapi import BackgroundTasks, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import FileResponse, StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.types import Message, Receive, Scope, Send

from burnrate.telemetry import instrument, workers

FILE = Path(__file__)
log = logging.getLogger("served")
# One for all requests, which is the application's right.
CONSTANT_START: Message = {"type": "http.response.start", "status": 200, "headers": []}
CONSTANT_BODY: Message = {"type": "http.response.body", "body": b"constant"}

if (folder := workers.directory()) is not None:
    workers.activate(folder)
app = FastAPI()


@app.get("/items/{item}")
async def read_item(item: int) -> int:
    return item


@app.get("/file")
async def read_file() -> FileResponse:
    return FileResponse(FILE)


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        yield b"last"

    return StreamingResponse(chunks())


@app.get("/broken")
async def break_off() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("lost")

    return StreamingResponse(chunks())


@app.get("/fail")
async def fail() -> None:
    raise RuntimeError("broken")


@app.get("/handled")
async def fail_handled() -> None:
    raise HTTPException(500)


@app.get("/background")
async def accept(tasks: BackgroundTasks) -> str:
    async def later() -> None:
        raise RuntimeError("too late")

    tasks.add_task(later)
    return "accepted"


@app.post("/upload")
async def upload(request: Request) -> int:
    log.info("begun")
    return len(await request.body())


@app.get("/wait")
async def wait(request: Request) -> None:
    log.info("begun")
    while (await request.receive())["type"] != "http.disconnect":
        pass


@app.get("/events")
async def events(request: Request) -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return StreamingResponse(chunks(), media_type="text/event-stream")


@app.websocket("/rooms/{room}")
async def echo(websocket: WebSocket, room: str) -> None:
    if room == "closed":
        await websocket.close(1008)
        return
    await websocket.accept()
    while True:
        text = await websocket.receive_text()
        if text == "fail":
            raise RuntimeError("broken")
        await websocket.send_text(text)


async def constant(_: Scope, _receive: Receive, send: Send) -> None:
    await send(CONSTANT_START)
    await send(CONSTANT_BODY)


async def extended(scope: Scope, _: Receive, send: Send) -> None:
    """Send hints and trailers where the server takes them."""
    offered = scope.get("extensions") or {}
    if "http.response.early_hint" in offered:
        await send({"type": "http.response.early_hint", "links": [b"</x.css>; rel=preload"]})
    has_trailers = "http.response.trailers" in offered
    await send({**CONSTANT_START, "trailers": has_trailers})
    await send(CONSTANT_BODY)
    if has_trailers:
        await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]})


app.mount("/constant", constant)
app.mount("/extended", extended)


class Admission(BaseHTTPMiddleware):
    """Refuses who is not welcome; it would hide ASGI's extensions, so it leaves their mount out."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path", "").startswith("/extended"):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        if "x-unwelcome" in request.headers:
            return Response(status_code=403)
        return await call_next(request)


app.add_middleware(Admission)
telemetry = instrument(app, service="served")

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]))
