"""One count, one duration and one log line for each request, whatever happens to it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, generate_latest
from starlette.routing import Route, Router
from starlette.types import Message, Receive, Scope

from burnrate.telemetry import RequestInfo, Telemetry, TelemetrySettings, current_request
from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.recorder import HttpRecorder
from tests.telemetry.asgi import http_scope
from tests.telemetry.clock import Clock
from tests.telemetry.lines import Lines

pytestmark = pytest.mark.usefixtures("telemetry")


def statuses(registry: CollectorRegistry, endpoint: str) -> dict[str, float]:
    """Return the counts of `endpoint` by status, those at 0 left out."""
    return {
        sample.labels["status"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "http_requests_total"
        and sample.labels["endpoint"] == endpoint
        and sample.value
    }


def duration(registry: CollectorRegistry, endpoint: str, status_class: str) -> float:
    labels = {"method": "GET", "endpoint": endpoint, "status_class": status_class}
    return registry.get_sample_value("http_request_duration_seconds_sum", labels) or 0.0


def test_success_is_one_count_one_duration_one_line(
    app: FastAPI, registry: CollectorRegistry, lines: Lines
) -> None:
    """The line carries what SEED asks for and the ids that the answer carries."""
    app.add_api_route("/hello/{name}", lambda name: name)
    with TestClient(app) as client:
        answer = client.get("/hello/you?token=hidden", headers={"X-Request-ID": "abc-1"})
    assert statuses(registry, "/hello/{name}") == {"200": 1}
    (line,) = lines.of("burnrate.request")
    assert line["method"] == "GET"
    assert line["path"] == "/hello/you"
    assert line["route"] == "/hello/{name}"
    assert line["status_code"] == 200
    assert line["process_time"] > 0
    assert line["request_id"] == answer.headers["x-request-id"] == "abc-1"
    assert len(line["trace_id"]) == 32
    assert "hidden" not in lines.text


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "ünï", "a;b"])
def test_strange_request_id_is_replaced(app: FastAPI, sent: str) -> None:
    """What a client sends goes into headers and logs behind us only if it is a sane token."""
    with TestClient(app) as client:
        answer = client.get("/x", headers={b"X-Request-ID": sent.encode()})
    assert answer.headers["x-request-id"] != sent
    assert len(answer.headers["x-request-id"]) == 32


def test_unhandled_exception_is_a_500_logged_once_with_its_stack(
    app: FastAPI, registry: CollectorRegistry, lines: Lines
) -> None:
    """The framework's own error page is measured, carries the id, and the cause is in the line."""

    def boom() -> None:
        raise ValueError("secret cause")

    app.add_api_route("/boom", boom)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/boom")
    assert answer.status_code == 500
    assert "x-request-id" in answer.headers
    assert statuses(registry, "/boom") == {"500": 1}
    (line,) = lines.of("burnrate.request")
    assert line["level"] == "error"
    assert line["exception_type"] == "builtins.ValueError"
    assert line["exception_message"] == "secret cause"
    assert "in boom" in line["exception_stack"]


def test_duration_runs_until_the_last_byte(
    app: FastAPI, registry: CollectorRegistry, clock: Clock
) -> None:
    """A stream is as slow as its last chunk."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        clock.seconds += 3
        yield b"last"

    app.add_api_route("/stream", lambda: StreamingResponse(chunks()))
    with TestClient(app) as client:
        client.get("/stream")
    assert duration(registry, "/stream", "2xx") == 3


def test_background_task_is_not_part_of_the_duration(
    app: FastAPI, registry: CollectorRegistry, clock: Clock
) -> None:
    """The client has its answer before the task begins."""

    async def later() -> None:
        clock.seconds += 20

    def accept(tasks: BackgroundTasks) -> str:
        clock.seconds += 3
        tasks.add_task(later)
        return "accepted"

    app.add_api_route("/accept", accept)
    with TestClient(app) as client:
        client.get("/accept")
    assert duration(registry, "/accept", "2xx") == 3


def test_stream_that_breaks_is_not_a_200(
    app: FastAPI, registry: CollectorRegistry, lines: Lines
) -> None:
    """The status line said 200; the client got half an answer."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("lost")

    app.add_api_route("/stream", lambda: StreamingResponse(chunks()))
    with TestClient(app, raise_server_exceptions=False) as client:
        client.get("/stream")
    assert statuses(registry, "/stream") == {"500": 1}
    assert lines.of("burnrate.request")[0]["status_code"] == 500


async def call(app: FastAPI, path: str, receive: Receive) -> list[Message]:
    """Speak ASGI to `app` as a server would."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
        "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "scheme": "http", "headers": [], "client": None, "server": None,
    }  # fmt: skip
    await app(scope, receive, send)
    return sent


class LeavingClient:
    """A server's request cycle whose client is gone, as uvicorn's looks."""

    disconnected = True

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def serve_to_leaving_client(app: FastAPI) -> None:
    await call(app, "/slow", LeavingClient().receive)


@pytest.mark.parametrize(
    ("status", "seconds", "is_logged"),
    [(200, 0.1, False), (301, 0.1, False), (404, 0.1, True), (503, 0.1, True), (200, 1.5, True)],
)
def test_failed_and_slow_requests_keep_their_line_when_successes_are_sampled_out(
    lines: Lines, status: int, seconds: float, is_logged: bool
) -> None:
    """A ratio of 0 silences what nobody will look for, and nothing else."""
    assert lines is not None, "captures at level info"
    settings = TelemetrySettings(log_success_ratio=0.0, slow_request_seconds=1.0)
    recorder = HttpRecorder(Metrics(CollectorRegistry()), Endpoints(Router()), settings)
    assert recorder.is_logged(status, seconds, {"path": "/x"}) is is_logged


REQUEST = RequestInfo("me", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", False)


def test_recorder_writes_what_the_public_calls_would() -> None:
    """Its short way into prometheus_client's histogram ends in the right buckets."""
    short, public = CollectorRegistry(), CollectorRegistry()
    recorder = HttpRecorder(Metrics(short), Endpoints(Router()))
    expected = Metrics(public)
    for seconds in (0.0, 0.005, 0.00500001, 0.3, 7.5, 10.0, 11.0):
        recorder.enter(1.0)
        recorder.record("GET", "/x", 200, seconds, REQUEST)
        expected.http_requests.labels("GET", "/x", "200").inc()
        expected.http_request_duration.labels("GET", "/x", "2xx").observe(seconds)
    assert generate_latest(short) == generate_latest(public)


def test_short_way_counts_as_the_long_one() -> None:
    """A request that went well is looked up by its function and route; the result is the same."""
    short, long = CollectorRegistry(), CollectorRegistry()
    for registry, is_short in ((short, True), (long, False)):
        router = Router([Route("/x", never)])
        endpoints = Endpoints(router)
        endpoints.build()
        recorder = HttpRecorder(Metrics(registry), endpoints)
        scope = http_scope("/x", endpoint=never, route=router.routes[0], router=router)
        unmatched = http_scope("/y", router=router)
        for seconds, status in ((0.0, 200), (0.005, 404), (0.3, 200)):
            recorder.enter(1.0)
            recorder.enter(1.0)
            if is_short:
                assert recorder.record_well(scope, "GET", status, seconds, REQUEST) == "/x"
                recorder.record_well(unmatched, "POST", 404, seconds, REQUEST)
            else:
                recorder.record("GET", "/x", status, seconds, REQUEST)
                recorder.record("POST", "unmatched", 404, seconds, REQUEST)
    assert generate_latest(short) == generate_latest(long)


def test_route_added_later_to_the_same_function_is_told_apart(
    app: FastAPI, registry: CollectorRegistry
) -> None:
    """What was remembered of the function goes with the table that it was read from."""
    app.add_api_route("/first/{number}", never)
    with TestClient(app) as client:
        for _ in range(2):
            client.get("/first/1")
        app.add_api_route("/second/{number}", never)
        for path in ("/second/1", "/first/2", "/second/2"):
            client.get(path)
    assert statuses(registry, "/first/{number}") == {"200": 3}
    assert statuses(registry, "/second/{number}") == {"200": 2}


def never() -> None:
    """Serve nothing."""


def test_client_that_left_is_a_499(app: FastAPI, registry: CollectorRegistry) -> None:
    """The handler answered 200, and nobody was there to read it."""
    app.add_api_route("/slow", lambda: "done")
    asyncio.run(serve_to_leaving_client(app))
    assert statuses(registry, "/slow") == {"499": 1}


def test_cancelled_request_is_measured(app: FastAPI, registry: CollectorRegistry) -> None:
    """A server that gives a request up still owes it a count, and nothing stays in progress."""
    has_begun = asyncio.Event()

    async def slow() -> None:
        has_begun.set()
        await asyncio.Event().wait()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def serve() -> None:
        task = asyncio.create_task(call(app, "/slow", receive))
        await has_begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    app.add_api_route("/slow", slow)
    asyncio.run(serve())
    assert statuses(registry, "/slow") == {"500": 1}
    assert registry.get_sample_value("http_requests_in_progress") == 0


def test_context_is_known_in_tasks_and_threads_and_gone_afterwards(
    app: FastAPI, telemetry: Telemetry
) -> None:
    """Ids follow the work a request starts."""
    executor = telemetry.executor(max_workers=1, max_pending=1, timeout_seconds=1)

    def here() -> str:
        request = current_request()
        return request.request_id if request else "nothing"

    async def seen() -> list[str]:
        async def child() -> str:
            return here()

        return [here(), await asyncio.create_task(child()), await executor.run(here)]

    app.add_api_route("/seen", seen)
    with TestClient(app) as client:
        answer = client.get("/seen", headers={"X-Request-ID": "me"})
    executor.shutdown()
    assert answer.json() == ["me", "me", "me"]
    assert here() == "nothing"


def test_websocket_is_counted_as_a_connection_not_as_a_request(
    app: FastAPI, registry: CollectorRegistry, lines: Lines
) -> None:
    """Messages by direction, the gauge while open, one line at the end, no HTTP duration."""
    from fastapi import WebSocket  # noqa: PLC0415

    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    app.add_api_websocket_route("/echo/{room}", echo)
    open_now = ("websocket_connections", {"endpoint": "/echo/{room}"})
    with TestClient(app) as client, client.websocket_connect("/echo/1") as socket:
        assert registry.get_sample_value(*open_now) == 1
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
    assert registry.get_sample_value(*open_now) == 0
    for direction in ("received", "sent"):
        labels = {"endpoint": "/echo/{room}", "direction": direction}
        assert registry.get_sample_value("websocket_messages_total", labels) == 1
    assert statuses(registry, "/echo/{room}") == {}
    assert lines.of("burnrate.websocket")[0]["route"] == "/echo/{room}"
