"""What the messages of an HTTP answer say.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html
"""

import sys
from typing import Any, Final

from starlette.types import Message, Scope

INTERNAL_ERROR: Final = 500
START: Final = "http.response.start"
# What ends an answer, each unless it says that more follows: a body, a file that the server sends
# itself (https://asgi.readthedocs.io/en/latest/extensions.html), or trailers after them.
BODIES: Final = frozenset(
    ("http.response.body", "http.response.pathsend", "http.response.zerocopysend")
)
TRAILERS: Final = frozenset(("http.response.trailers",))
# Messages beside an answer, which leave it unfinished.
_ASIDE: Final = frozenset(
    ("http.response.debug", "http.response.early_hint", "http.response.push", *BODIES, *TRAILERS)
)
_REQUEST_ID: Final = b"x-request-id"
_REQUEST_ID_BYTES: Final = len(_REQUEST_ID)
_CLOSE: Final = (b"connection", b"close")
# nginx takes both out (nginx/nginx.conf).
_KIND: Final = b"x-request-kind"
_DEADLINE: Final = b"x-burnrate-deadline"
_WITHOUT_BODY: Final = frozenset((204, 304))
_ERROR_LAYER: Final = "starlette.middleware.errors"


def with_headers(start: Message, request_id: str, *, is_closing: bool) -> Message:
    """Return a start of an answer with our headers; an application may keep its own and reuse it.

    Args:
        start: The application's, which stays as it is; a request id of its own stands.
        request_id: The request's.
        is_closing: Whether the server is going to close the connection.
    """
    headers = [*start.get("headers", ())]
    # Each answer comes here, and of its few names hardly one has as many letters.
    for name, _ in headers:
        if len(name) == _REQUEST_ID_BYTES and name.lower() == _REQUEST_ID:
            break
    else:
        headers.append((_REQUEST_ID, request_id.encode("ascii")))
    if is_closing and not any(name.lower() == b"connection" for name, _ in headers):
        headers.append(_CLOSE)
    return {**start, "headers": headers}


def for_proxy(start: Message, kind: str | None, deadline: str | None) -> Message:
    """Return a start of an answer that says what kind of route it is from, and its deadline.

    Args:
        start: With headers.
        kind: None where there is nothing to say; and so for the next.
        deadline: In seconds, or `none`.
    """
    headers = [*start["headers"]]
    if kind is not None:
        headers.append((_KIND, kind.encode("ascii")))
    if deadline is not None:
        headers.append((_DEADLINE, deadline.encode("ascii")))
    return {**start, "headers": headers}


def is_extension(kind: str) -> bool:
    """Say whether a message is of an extension that is not known here, and may end an answer."""
    return kind not in _ASIDE


def is_unhandled(scope: Scope) -> bool:
    """Say whether what is being answered is an exception that goes on to the server afterwards.

    Starlette's outermost layer answers from within its `except`, where this must be called.

    Args:
        scope: The request's; only HTTP/1 has connections that an answer may close.
    """
    error = sys.exc_info()[1]
    if error is None or error.__traceback__ is None:
        return False
    caught_by: Any = error.__traceback__.tb_frame.f_globals.get("__name__")
    version: str = scope.get("http_version", "1.1")
    return caught_by == _ERROR_LAYER and version.startswith("1")


def is_endless(start: Message | None) -> bool:
    """Say whether an answer has begun whose length nobody has announced."""
    return start is not None and _header(start, b"content-length") is None


def announced_bytes(start: Message, method: str) -> int | None:
    """Return how many bytes of a body follow; None where an answer says nothing about it."""
    if method == "HEAD" or start.get("status") in _WITHOUT_BODY:
        return 0
    length = _header(start, b"content-length")
    return int(length) if length is not None and length.isdigit() else None


def is_event_stream(start: Message | None) -> bool:
    """Say whether an answer is one of server-sent events, which only leaving ends."""
    content_type = _header(start, b"content-type") if start is not None else None
    return content_type is not None and content_type.startswith(b"text/event-stream")


def _header(start: Message, wanted: bytes) -> bytes | None:
    headers: list[tuple[bytes, bytes]] = start["headers"]
    return next((value for name, value in headers if name.lower() == wanted), None)
