"""Reads a request's body within a size and a time, whatever its headers claim."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request

from alerting.inbox.errors import BodyTimeoutError, BodyTooLargeError


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How many bytes a body may have, and how many seconds it may take to arrive."""

    max_bytes: int
    timeout_seconds: float


async def read_body(request: Request, limits: BodyLimits) -> bytes:
    """Return the whole body; holds no more than the limit and one chunk of it.

    Raises:
        BodyTooLargeError: by its Content-Length, or counted on the stream.
        BodyTimeoutError: it did not arrive in time.
        starlette.requests.ClientDisconnect: the client left.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.max_bytes:
        raise BodyTooLargeError(f"over {limits.max_bytes} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(limits.timeout_seconds):
            async for chunk in request.stream():
                if len(body) + len(chunk) > limits.max_bytes:
                    raise BodyTooLargeError(f"over {limits.max_bytes} bytes")
                body += chunk
    except TimeoutError as error:
        raise BodyTimeoutError(f"not here within {limits.timeout_seconds:g} s") from error
    return bytes(body)
