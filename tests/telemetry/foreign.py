"""Somebody else's service, instrumented in three lines; run by the tests in servers of its own."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import prometheus_client
from fastapi import APIRouter, FastAPI, Request, Response, WebSocket
from fastapi.responses import StreamingResponse

from burnrate.telemetry import instrument

log = logging.getLogger("foreign")
orders = prometheus_client.Counter("shop_orders", "Orders taken.", ["kind"])


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    marker = os.environ.get("SHUTDOWN_MARKER")
    if marker:
        Path(marker).open("a").write("lifespan ended\n")  # noqa: ASYNC230, SIM115 - the very end


router = APIRouter(prefix="/orders")


@router.get("/{order}")
async def read_order(order: int) -> dict[str, int]:
    log.info("reading", extra={"order": order})
    orders.labels("read").inc()
    return {"order": order}


@router.post("/")
async def take_order(request: Request) -> dict[str, int]:
    await asyncio.sleep(0.002)
    return {"bytes": len(await request.body())}


@router.websocket("/{order}/watch")
async def watch(websocket: WebSocket, order: int) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.send_text(str(order))
    await websocket.close()


@router.get("/{order}/fail")
async def fail(order: int) -> None:
    raise RuntimeError(f"order {order} is broken")


@router.get("/{order}/slow")
async def slow(order: int, seconds: float = 1.0, marker: Path | None = None) -> int:
    if marker is not None:
        marker.touch()  # noqa: ASYNC240 - a test looks for it
    await asyncio.sleep(seconds)
    return order


@router.get("/{order}/block")
async def block(order: int, seconds: float = 1.0) -> int:
    time.sleep(seconds)  # noqa: ASYNC251 - the mistake that a heartbeat must find
    return order


@router.get("/{order}/stream")
async def stream(order: int) -> StreamingResponse:
    async def chunks() -> AsyncIterator[str]:
        for _ in range(3):
            yield str(order)
            await asyncio.sleep(0.01)

    return StreamingResponse(chunks())


def create_app() -> FastAPI:
    """Put it together: a router in a router, a mount, middleware and metrics of its own."""
    app = FastAPI(lifespan=lifespan)
    app.include_router(router, prefix="/shop")
    mounted = FastAPI()
    mounted.add_api_route("/page/{name}", lambda name: name)
    app.mount("/site", mounted)

    @app.middleware("http")
    async def stamp(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        response.headers["X-Shop"] = "open"
        return response

    instrument(app, service="foreign", version="3.1")
    return app
