"""Speaks ASGI to an application, as a server would."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope


def http_scope(path: str, **changes: Any) -> Scope:  # noqa: ANN401 - the keys of a scope
    """Return the scope of a GET, with changes."""
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
        "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "scheme": "http", "headers": [], "client": None, "server": None, **changes,
    }  # fmt: skip


class Patient:
    """A client that sends no body and waits for the answer."""

    def __init__(self) -> None:
        self._has_sent = False

    async def receive(self) -> Message:
        """Return the request's end, once."""
        if self._has_sent:
            await asyncio.Event().wait()
        self._has_sent = True
        return {"type": "http.request", "body": b"", "more_body": False}


async def call(app: ASGIApp, scope: Scope, receive: Receive | None = None) -> list[Message]:
    """Send one request; return the messages of the answer, also where the application raises."""
    receive = receive or Patient().receive
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except RuntimeError as error:
        sent.append({"type": "raised", "error": error})
    return sent


def values(message: Message, name: bytes) -> Sequence[bytes]:
    """Return a header's values, one for each time it stands there."""
    return [value for each, value in message["headers"] if each.lower() == name]
