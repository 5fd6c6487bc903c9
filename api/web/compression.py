"""gzip for whole answers of a certain size; a stream goes out as it comes."""

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware, GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from burnrate.telemetry.content_coding import accepts_gzip

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
        if scope["type"] != "http" or not accepts_gzip(_accept_encoding(scope)):
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


def _accept_encoding(scope: Scope) -> str:
    return Headers(scope=scope).get("accept-encoding", "")
