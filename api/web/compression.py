"""gzip for whole answers of a certain size; a stream goes out as it comes."""

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware, GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# From here on compressing saves more than it costs.
MINIMUM_BYTES = 1_000
# Level 5 takes nearly twice the CPU of 3 for a tenth less, level 9 six times.
_LEVEL = 3


class CompressionMiddleware(GZipMiddleware):
    """Starlette's, which leaves encoded answers alone, without its compression of streams."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, minimum_size=MINIMUM_BYTES, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Compress where the client takes it."""
        if scope["type"] != "http" or not _accepts_gzip(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        responder = _WholeAnswers(
            self.app,
            self.minimum_size,
            compresslevel=self.compresslevel,
            exclude_content_types=self.exclude_content_types,
        )
        await responder(scope, receive, send)


class _WholeAnswers(GZipResponder):
    async def send_with_compression(self, message: Message) -> None:
        is_first = message["type"] == "http.response.body" and not self.started
        if is_first and message.get("more_body", False) and not self.content_type_is_excluded:
            # Compressed, a small part would wait in the compressor for more.
            self.content_type_is_excluded = True
            await self.send(self.initial_message)
        await super().send_with_compression(message)


def _accepts_gzip(headers: Headers) -> bool:
    for coding in headers.get("accept-encoding", "").split(","):
        name, _, weight = coding.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
