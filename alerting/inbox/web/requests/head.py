"""HEAD wherever there is GET: the same answer without its body (RFC 9110, section 9.3.2)."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Its answer would never end.
_STREAM: Final = "/events"


class HeadMiddleware:
    """Has the routes take a HEAD for a GET, and sends what they answer without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope of any type."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        if not is_head or scope["path"] == _STREAM:
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, send_head)
