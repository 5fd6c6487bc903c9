"""Requests whose course a test decides, with the metrics that count them."""

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry
from starlette.routing import Route, Router
from starlette.types import Message

from burnrate.telemetry import TelemetrySettings, deadline
from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.deadlines import Sweeper
from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.exchanges import HttpExchange
from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.recorder import HttpRecorder
from tests.telemetry.asgi import http_scope

LIMIT = 30.0
OK: Message = {"type": "http.response.start", "status": 200, "headers": []}
EVENTS: Message = {**OK, "headers": [(b"content-type", b"text/event-stream")]}
CHUNK: Message = {"type": "http.response.body", "body": b"x", "more_body": True}
LAST: Message = {"type": "http.response.body", "body": b"x"}


def never() -> None:
    """Serve nothing: the test says what becomes of a request."""


@deadline(None)
def long() -> None:
    """May take as long as it takes."""


@deadline(2)
def short() -> None:
    """Is to be quick."""


class Client:
    """What a client sends, and whether it is there: an object as uvicorn has one."""

    def __init__(self, *messages: Message) -> None:
        self.messages = list(messages)
        self.disconnected = False
        self.before: Callable[[], None] = never

    async def receive(self) -> Message:
        self.before()
        return self.messages.pop(0)


class Served:
    """An application's metrics, and requests whose course a test decides."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        functions = {"/never": never, "/long": long, "/short": short}
        router = Router([Route(path, function) for path, function in functions.items()])
        self.endpoints = Endpoints(router)
        self.recorder = HttpRecorder(
            Metrics(self.registry), self.endpoints, TelemetrySettings(deadline_seconds=LIMIT)
        )
        self.sweeper = Sweeper(self.recorder.open, self.recorder.limits)

    def begin(self, path: str = "/never", client: Client | None = None) -> HttpExchange:
        request = RequestInfo("id", "0" * 32, "0" * 16, is_sampled=False)
        receive = (client or Client()).receive
        return HttpExchange(http_scope(path), receive, send, request, self.recorder)

    def counts(self) -> dict[str, float]:
        """Return what is counted: by status, overdue, in progress, and all durations."""
        found: dict[str, float] = {}
        for family in self.registry.collect():
            for sample in family.samples:
                if sample.name == "http_requests_total":
                    key = sample.labels["status"]
                elif sample.name == "http_requests_overdue_total":
                    key = "overdue"
                elif sample.name == "http_requests_in_progress":
                    key = "open"
                elif sample.name == "http_request_duration_seconds_count":
                    key = "durations"
                else:
                    continue
                found[key] = found.get(key, 0.0) + sample.value
        return {key: value for key, value in found.items() if value}


async def send(_: Message) -> None:
    """Take what is sent."""


def now(coroutine: Any) -> None:  # noqa: ANN401 - a coroutine or another awaitable
    """Run what waits for nothing."""
    try:
        coroutine.__await__().__next__()
    except StopIteration:
        return
    raise AssertionError("it waits")


def end(exchange: HttpExchange) -> None:
    """Do what the middleware does when the application has returned."""
    if not exchange.is_closed:
        exchange.finish()
