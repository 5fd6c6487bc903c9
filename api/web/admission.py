"""Which requests a worker serves at once, and what the others hear.

With a thousand at work the event loop comes back to each so late that the time-outs of Redis and
PostgreSQL have passed before it looks at their answers: cache and rate limit are skipped, and
requests fail. In line, each is quick once it is its turn. Who waits shows in
`http_requests_in_progress`, how long in the request's duration.
"""

import asyncio
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.errors import error_response
from api.web.rate_limit import OPERATOR_PATHS

# What must answer however busy the worker is, what must end the faults that make it so, and
# documents, which fetch and compute for seconds and have a queue of their own.
_EXEMPT = (*OPERATOR_PATHS, "/faults/", "/process")


class AdmissionMiddleware:
    """Answers 503 to requests that have waited too long.

    nginx takes a slow client's body and hands out its answer, so no slot is held by one.

    Args:
        app: What is behind it.
        slots: Requests at work at once.
        timeout_seconds: How long one waits.
    """

    def __init__(self, app: ASGIApp, *, slots: int, timeout_seconds: float) -> None:
        self.app = app
        self._slots = asyncio.Semaphore(slots)
        self._timeout = timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_EXEMPT):
            await self.app(scope, receive, send)
            return
        try:
            # No timer for the many requests that need not wait.
            async with asyncio.timeout(self._timeout if self._slots.locked() else None):
                await self._slots.acquire()
        except TimeoutError:
            await _too_busy(scope)(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self._slots.release()


class GivenUpMiddleware:
    """Answers 503 to requests that the server cancels: its time to end is over.

    Left alone each would get a plain 500, as if something had broken, and nobody would know that
    the next attempt finds another worker.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_begun = False

        async def send_noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_noting)
        except asyncio.CancelledError:
            if has_begun:
                raise
            await _too_busy(scope)(scope, receive, send)


def _too_busy(scope: Scope) -> Response:
    return error_response(
        scope, HTTPStatus.SERVICE_UNAVAILABLE, "Too busy", headers={"Retry-After": "1"}
    )
