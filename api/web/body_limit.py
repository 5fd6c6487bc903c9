"""A limit on request bodies, counted as they arrive.

Starlette has one, but it answers with plain text, and only once a route reads the body.
"""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.errors import error_response

_MESSAGE = "Content Too Large"
# Closing is what stops the client from sending the rest.
_HEADERS = {"Connection": "close"}


class BodyLimitMiddleware:
    """Answers 413 to a body over `max_bytes`, announced or not."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        # The server has refused anything but digits; the length guards against int()'s own limit.
        if announced.isdecimal() and (len(announced) > 18 or int(announced) > self.max_bytes):  # noqa: PLR2004
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            response = error_response(scope, status, _MESSAGE, headers=_HEADERS)
            await response(scope, receive, send)
            return
        await self.app(scope, _counted(receive, self.max_bytes), send)


def _counted(receive: Receive, max_bytes: int) -> Receive:
    received = 0

    async def receive_counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > max_bytes:
            # Raised inside the route that reads; the error handlers make the answer of it.
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail=_MESSAGE, headers=_HEADERS
            )
        return message

    return receive_counted
