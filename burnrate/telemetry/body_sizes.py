"""How many bytes the bodies of requests and answers have, where somebody asks for it."""

import os

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.failures import guard
from burnrate.telemetry.metrics import Metrics, known_method
from burnrate.telemetry.settings import Paths


class BodySizes:
    """Adds up the bytes of both bodies as they pass; headers and chunks' frames are not in it.

    A request's are those that the application has read. A file that the server sends by itself
    counts with its size.

    Args:
        app: What answers.
        metrics: Has the families.
        endpoints: Names the route of a request.
        uncounted: Paths that are left out.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, endpoints: Endpoints, uncounted: Paths
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._endpoints = endpoints
        self._uncounted = uncounted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope of any type."""
        if scope["type"] != "http" or self._uncounted.have(scope):
            await self._app(scope, receive, send)
            return
        received_bytes = sent_bytes = 0

        async def receive_measured() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            return message

        async def send_measured(message: Message) -> None:
            nonlocal sent_bytes
            await send(message)
            sent_bytes += _bytes_of(message)

        try:
            await self._app(scope, receive_measured, send_measured)
        finally:
            self._record(scope, received_bytes, sent_bytes)

    @guard("requests")
    def _record(self, scope: Scope, *sizes: int) -> None:
        method, endpoint = known_method(scope["method"]), self._endpoints.resolve(scope)
        for family, size in zip(self._metrics.body_sizes, sizes, strict=True):
            family.labels(method, endpoint).observe(size)


def _bytes_of(message: Message) -> int:
    if message["type"] == "http.response.pathsend":
        try:
            return os.stat(message["path"]).st_size  # noqa: PTH116 - it is called for each answer
        except OSError:  # the server has sent it, and somebody has removed it since
            return 0
    return len(message.get("body", b""))
