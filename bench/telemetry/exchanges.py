"""Requests without a socket: the application is called as uvicorn calls it."""

import asyncio
from typing import Any, Final

import uvloop
from starlette.types import Message, Scope

from bench.measuring.subjects import Subject
from bench.telemetry.applications import PATH, Application, build

_OK: Final = 200
# What curl sends, and a proxy in front of the service.
_HEADERS: Final = (
    (b"host", b"127.0.0.1:8000"),
    (b"user-agent", b"curl/8.5.0"),
    (b"accept", b"*/*"),
    (b"x-forwarded-for", b"192.0.2.10"),
    (b"x-forwarded-proto", b"http"),
)


class _Cycle:
    """One request and its answer; like uvicorn's, it knows whether the client is there."""

    disconnected = False

    def __init__(self) -> None:
        self.status = 0
        self._is_read = False
        self._complete: asyncio.Event | None = None
        self._is_complete = False

    async def receive(self) -> Message:
        if not self._is_read:
            self._is_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        if not self._is_complete:
            self._complete = asyncio.Event()
            await self._complete.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif not message.get("more_body", False):
            self._is_complete = True
            if self._complete is not None:
                self._complete.set()


class Exchanges(Subject):
    """Requests, one after the other, each in a task of its own; the spans they left are sent."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)

    def run(self, count: int) -> None:
        """Serve `count` requests and send their spans."""
        self._runner.run(serve(self._application, count))
        self._application.flush()

    def close(self) -> None:
        """End the event loop."""
        self._runner.close()


def make(name: str) -> Subject:
    """Return requests to the application instrumented in the way called `name`."""
    return Exchanges(build(name))


async def serve(application: Application, count: int) -> None:
    """Send `count` requests, one after the other.

    Raises:
        RuntimeError: one was not answered with 200.
    """
    loop = asyncio.get_running_loop()
    for _ in range(count):
        cycle = _Cycle()
        await loop.create_task(_call(application, cycle))
        if cycle.status != _OK:
            raise RuntimeError(f"the application answered {cycle.status}")


async def _call(application: Application, cycle: _Cycle) -> None:
    await application.asgi(_scope(), cycle.receive, cycle.send)


def _scope() -> Scope:
    state: dict[str, Any] = {}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "root_path": "",
        "headers": list(_HEADERS),
        "state": state,
        "method": "GET",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
    }
