"""Reads a request's body within a size and a time, whatever its headers claim."""

import asyncio

from starlette.requests import Request

from alerting.inbox.errors import BodyTimeoutError, BodyTooLargeError


async def read_body(request: Request, max_bytes: int, timeout_seconds: float) -> bytes:
    """Return the whole body; holds no more than `max_bytes` and one chunk of it.

    Raises:
        BodyTooLargeError: by its Content-Length, or counted on the stream.
        BodyTimeoutError: it did not arrive in time.
        starlette.requests.ClientDisconnect: the client left.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise BodyTooLargeError(f"over {max_bytes} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_seconds):
            async for chunk in request.stream():
                if len(body) + len(chunk) > max_bytes:
                    raise BodyTooLargeError(f"over {max_bytes} bytes")
                body += chunk
    except TimeoutError as error:
        raise BodyTimeoutError(f"not here within {timeout_seconds:g} s") from error
    return bytes(body)
