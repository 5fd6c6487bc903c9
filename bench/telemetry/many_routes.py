"""Scrapes of an application of many routes, fresh and after each of them was asked for once."""

import asyncio
from typing import Any, Final, cast

from fastapi import FastAPI
from starlette.types import Message, Scope

from bench.measuring.subjects import Subject
from bench.telemetry.applications import build

ROUTES: Final = 256
_SCRAPE: Final = "/metrics"


class ApplicationScrape(Subject):
    """`GET /metrics` of an application, called in process.

    Args:
        instrumentation: One of those in `applications`.
        is_used: Whether each route is asked for before.
    """

    def __init__(self, instrumentation: str, *, is_used: bool) -> None:
        self._app = cast("FastAPI", build(instrumentation).asgi)
        self._runner = asyncio.Runner()
        self._text = b""
        for number in range(ROUTES):
            self._app.add_api_route(f"/route/{number}/{{item}}", _read)
        for number in range(ROUTES if is_used else 0):
            self._get(f"/route/{number}/7")

    def run(self, count: int) -> None:
        """Scrape `count` times."""
        for _ in range(count):
            self._text = self._get(_SCRAPE)

    def extra(self) -> dict[str, float]:
        """Return how many series the last scrape has, and its bytes."""
        lines = self._text.splitlines()
        return {
            "series": sum(not line.startswith(b"#") for line in lines),
            "bytes": len(self._text),
        }

    def close(self) -> None:
        """End the event loop."""
        self._runner.close()

    def _get(self, path: str) -> bytes:
        return self._runner.run(_get(self._app, path))


async def _read(item: int) -> int:
    return item


async def _get(app: FastAPI, path: str) -> bytes:
    body = bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        body.extend(message.get("body", b""))

    await app(_scope(path), receive, send)
    return bytes(body)


def _scope(path: str) -> Scope:
    state: dict[str, Any] = {}
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
        "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 50000), "scheme": "http",
        "root_path": "", "headers": [(b"host", b"127.0.0.1:8000")], "state": state,
        "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
    }  # fmt: skip


def make(name: str) -> Subject:
    """Return the scrapes of `<instrumentation>` or `<instrumentation>:used`."""
    instrumentation, _, state = name.partition(":")
    return ApplicationScrape(instrumentation, is_used=state == "used")
