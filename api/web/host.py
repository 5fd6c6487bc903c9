"""Refuses a request that names several hosts, or none.

Two readers could take it for two different requests. The server refuses what is ambiguous about
lengths; about this it lets through what RFC 9112, section 3.2, wants to be answered with 400.
"""

from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from api.web.errors import error_response

# What follows on this connection comes from the same sender.
_HEADERS = {"Connection": "close"}


class OneHostMiddleware:
    """Answers 400 unless there is exactly one Host; HTTP/1.0 needs none."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hosts = sum(name == b"host" for name, _ in scope["headers"])
            if hosts > 1 or (hosts == 0 and scope.get("http_version") != "1.0"):
                response = error_response(
                    scope, HTTPStatus.BAD_REQUEST, "One Host header is needed", headers=_HEADERS
                )
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)
