"""`/feed`: a WebSocket that carries new posts.

Messages are JSON: `{"type": "post", "post": {...}}`, and `{"type": "status", "live": false}` while
this process hears nothing from the others. What a client sends is ignored. uvicorn pings each
client every 20 s and closes on one that does not answer.
"""

import asyncio
import contextlib
from typing import Annotated

from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect
from starlette import status

from api.feed.hub import FeedFull, Hub, Subscription
from api.web.dependencies import provide

router = APIRouter(tags=["feed"])

# Private codes: 4000-4999 (RFC 6455, 7.4.2).
CLOSE_TOO_SLOW = 4008
_CLOSE_SECONDS = 1.0


@router.websocket("/feed")
async def serve_feed(websocket: WebSocket, hub: Annotated[Hub, Depends(provide(Hub))]) -> None:
    """Send every new post until the client leaves or falls too far behind."""
    await websocket.accept()
    try:
        with hub.subscribed() as subscription:
            await _serve(websocket, subscription)
    except FeedFull:
        await websocket.close(status.WS_1013_TRY_AGAIN_LATER, "Too many clients")


async def _serve(websocket: WebSocket, subscription: Subscription) -> None:
    sending = asyncio.create_task(_send(websocket, subscription))
    receiving = asyncio.create_task(_receive(websocket))
    overrun = asyncio.create_task(subscription.overrun.wait())
    tasks = {sending, receiving, overrun}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    if results[2] is True or subscription.overrun.is_set():
        # Its connection is congested: the close frame may not get through either.
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await websocket.close(CLOSE_TOO_SLOW, "Too slow")


async def _send(websocket: WebSocket, subscription: Subscription) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
        while True:
            await websocket.send_text(await subscription.next())


async def _receive(websocket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass
