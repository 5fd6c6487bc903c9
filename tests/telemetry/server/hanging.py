"""An application whose requests never end, each for another reason; its deadline is half a second.

`UPSTREAM_PORT` is that of a service which takes connections and answers nothing.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from burnrate.telemetry import deadline, instrument, workers

log = logging.getLogger("hanging")
if (folder := workers.directory()) is not None:
    workers.activate(folder)
app = FastAPI()
telemetry = instrument(app, service="hanging", deadline=0.5)
connections = asyncio.Semaphore(1)
pool = telemetry.pool("postgres", max_connections=1)


@app.get("/items/{item}")
@deadline(None)
async def read_item(item: int) -> int:
    return item


@app.get("/pool")
async def deadlock() -> None:
    """Hold the pool's only connection and wait for a second one."""
    await pool.attempt(connections.acquire)
    await pool.attempt(connections.acquire)


@app.get("/upstream")
async def ask_upstream() -> int:
    port = int(os.environ["UPSTREAM_PORT"])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return len(await reader.read())
    finally:
        writer.close()


@app.get("/block")
async def block() -> None:
    time.sleep(1.2)  # noqa: ASYNC251 - the mistake that is to be seen


@app.get("/near")
async def answer_after(seconds: float) -> None:
    await asyncio.sleep(seconds)


@app.get("/long")
@deadline(None)
async def take_long() -> None:
    await asyncio.sleep(1.2)


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(1.2)
        yield b"last"

    return StreamingResponse(chunks())


@app.post("/upload")
async def upload(request: Request) -> int:
    log.info("begun")
    return len(await request.body())


@app.get("/wait")
async def wait(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@app.get("/patient")
@deadline(600)
async def wait_long(request: Request) -> None:
    log.info("begun")
    while (await request.receive())["type"] != "http.disconnect":
        pass


@app.get("/thread")
@deadline(600)
def hang_in_thread() -> None:
    """Wait in a thread, which nothing can interrupt."""
    log.info("in %d", os.getpid())
    threading.Event().wait()


@app.get("/stubborn")
@deadline(600)
async def hang_on() -> None:
    """Wait on even where it is cancelled."""
    log.info("in %d", os.getpid())
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
