"""A request that is not answered by its deadline is counted then, and never again."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event, Thread
from typing import Any

import pytest
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
from tests.telemetry.clock import Clock
from tests.telemetry.lines import Lines

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


@pytest.fixture
def served() -> Served:
    return Served()


def test_it_counts_once_at_its_deadline_and_its_line_comes_at_the_end(
    served: Served, clock: Clock, lines: Lines
) -> None:
    """While it hangs it is in progress; a notice is there even if its process never ends it."""
    exchange = served.begin()
    clock.seconds = LIMIT
    served.sweeper.sweep()
    assert served.counts() == {"open": 1}
    clock.seconds += 0.1
    for _ in range(3):
        served.sweeper.sweep()
    assert served.counts() == {"504": 1, "overdue": 1, "durations": 1, "open": 1}
    (notice,) = lines.of("burnrate.overdue")
    assert (notice["route"], notice["request_id"]) == ("/never", "id")
    assert (notice["level"], notice["open_seconds"]) == ("warning", LIMIT + 0.1)
    assert lines.of("burnrate.request") == []
    clock.seconds = 44.0
    now(exchange.send(OK))
    now(exchange.send(LAST))
    end(exchange)
    assert served.counts() == {"504": 1, "overdue": 1, "durations": 1}
    (line,) = lines.of("burnrate.request")
    assert (line["status_code"], line["process_time"], line["overdue"]) == (200, 44.0, True)
    assert line["level"] == "warning"


def test_its_duration_is_in_the_histogram(served: Served, clock: Clock) -> None:
    """In the class of failures, so that a latency objective leaves it to availability."""
    served.begin()
    clock.seconds = LIMIT + 1
    served.sweeper.sweep()
    labels = {"method": "GET", "endpoint": "/never", "status_class": "5xx"}
    name = "http_request_duration_seconds_sum"
    assert served.registry.get_sample_value(name, labels) == LIMIT + 1


@pytest.mark.parametrize("is_raised", [True, False])
def test_one_that_ends_between_two_looks_is_late_all_the_same(
    served: Served, clock: Clock, lines: Lines, *, is_raised: bool
) -> None:
    """Whether somebody looked in time does not decide: answered, or broken."""
    exchange = served.begin()
    clock.seconds = LIMIT + 0.1
    if is_raised:
        exchange.fail(ValueError("broken"))
        end(exchange)
    else:
        now(exchange.send(OK))
        now(exchange.send(LAST))
    assert served.counts() == {"504": 1, "overdue": 1, "durations": 1}
    (line,) = lines.of("burnrate.request")
    assert (line["status_code"], line["overdue"]) == (500 if is_raised else 200, True)
    assert lines.of("burnrate.overdue") == []


def test_waiting_for_the_clients_body_is_not_counted(served: Served, clock: Clock) -> None:
    """Neither while it waits nor afterwards; the time after the last of it is, as in nginx."""
    part = {"type": "http.request", "body": b"x", "more_body": True}
    client = Client(part, {**part, "more_body": False}, {"type": "http.disconnect"})
    exchange = served.begin(client=client)

    def wait() -> None:
        clock.seconds += 40.0
        served.sweeper.sweep()

    client.before = wait
    now(exchange.receive())
    clock.seconds += 20.0
    now(exchange.receive())
    clock.seconds += LIMIT - 1
    served.sweeper.sweep()
    assert served.counts() == {"open": 1}
    clock.seconds += 2.0
    served.sweeper.sweep()
    assert served.counts() == {"504": 1, "overdue": 1, "durations": 1, "open": 1}
    client.before = never
    now(exchange.receive())
    end(exchange)
    assert "499" not in served.counts()


def test_a_connection_that_breaks_at_the_last_byte_counts_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some servers raise when the client has gone."""
    exchange = served.begin()
    now(exchange.send(OK))

    async def fail(_: Message) -> None:
        raise OSError("gone")

    monkeypatch.setattr(exchange, "_send", fail)
    with pytest.raises(OSError, match="gone") as raised:
        now(exchange.send(LAST))
    exchange.fail(raised.value)
    end(exchange)
    assert served.counts() == {"500": 1, "durations": 1}


def test_waiting_for_the_client_to_leave_is_counted(served: Served, clock: Clock) -> None:
    """After the whole body a handler that receives waits for something else."""
    client = Client({"type": "http.request", "body": b""}, {"type": "http.disconnect"})
    exchange = served.begin(client=client)
    now(exchange.receive())

    def wait() -> None:
        clock.seconds += LIMIT + 1
        served.sweeper.sweep()

    client.before = wait
    now(exchange.receive())
    assert served.counts() == {"504": 1, "overdue": 1, "durations": 1, "open": 1}


@pytest.mark.parametrize("messages", [[OK, CHUNK], [EVENTS]])
def test_the_first_byte_exempts_a_stream(
    served: Served, clock: Clock, messages: list[Message]
) -> None:
    """However long it goes on; events may have nothing to tell at first."""
    exchange = served.begin()
    clock.seconds = LIMIT - 1
    for message in messages:
        now(exchange.send(message))
    clock.seconds = 900.0
    served.sweeper.sweep()
    now(exchange.send(CHUNK))
    now(exchange.send(LAST))
    end(exchange)
    assert served.counts() == {"200": 1, "durations": 1}


def test_headers_alone_exempt_nothing(served: Served, clock: Clock) -> None:
    """A stream's are sent before the generator waits for its first row."""
    exchange = served.begin()
    now(exchange.send(OK))
    now(exchange.send({**CHUNK, "body": b""}))
    clock.seconds = LIMIT + 1
    served.sweeper.sweep()
    now(exchange.send(CHUNK))
    now(exchange.send(LAST))
    end(exchange)
    assert served.counts() == {"504": 1, "overdue": 1, "durations": 1}


def test_a_stream_that_begins_late_counts_when_it_begins(served: Served, clock: Clock) -> None:
    """Though nobody looked in between; it may go on for long."""
    exchange = served.begin()
    now(exchange.send(OK))
    clock.seconds = LIMIT + 0.1
    now(exchange.send(CHUNK))
    assert served.counts() == {"504": 1, "overdue": 1, "durations": 1, "open": 1}
    now(exchange.send(LAST))
    end(exchange)
    assert served.counts() == {"504": 1, "overdue": 1, "durations": 1}


@pytest.mark.parametrize(("path", "seconds"), [("/long", 9_000.0), ("/short", 1.9)])
def test_a_route_has_its_own_deadline(
    served: Served, clock: Clock, path: str, seconds: float
) -> None:
    """Also while it is not routed yet: a middleware in front may hang."""
    served.begin(path)
    clock.seconds = seconds
    served.sweeper.sweep()
    assert served.counts() == {"open": 1}


def test_a_shorter_one_is_found_behind_older_requests(served: Served, clock: Clock) -> None:
    """Looking begins with the oldest and ends with what is too young for any deadline."""
    served.begin("/never")
    served.begin("/long")
    clock.seconds = 1.0
    served.begin("/short")
    clock.seconds = 3.5
    served.sweeper.sweep()
    assert served.counts() == {"504": 1, "overdue": 1, "durations": 1, "open": 3}


@pytest.mark.parametrize("has_noticed", [True, False])
def test_a_client_that_left_before_is_no_failure(
    served: Served, clock: Clock, lines: Lines, *, has_noticed: bool
) -> None:
    """It counts as 499, once, though its handler goes on."""
    client = Client({"type": "http.disconnect"})
    exchange = served.begin(client=client)
    if has_noticed:
        now(exchange.receive())
    else:
        client.disconnected = True
    clock.seconds = LIMIT + 1
    served.sweeper.sweep()
    assert served.counts() == {"499": 1, "durations": 1, "open": 1}
    end(exchange)
    assert served.counts() == {"499": 1, "durations": 1}
    (line,) = lines.of("burnrate.request")
    assert (line["status_code"], "overdue" in line) == (499, False)


def test_a_client_that_left_after_it_does_not_count_again(
    served: Served, clock: Clock, lines: Lines
) -> None:
    """Its line says both."""
    client = Client()
    exchange = served.begin(client=client)
    clock.seconds = LIMIT + 1
    served.sweeper.sweep()
    client.disconnected = True
    end(exchange)
    assert served.counts() == {"504": 1, "overdue": 1, "durations": 1}
    (line,) = lines.of("burnrate.request")
    assert (line["status_code"], line["overdue"]) == (499, True)


def test_what_a_process_leaves_unanswered_is_a_failure(served: Served, lines: Lines) -> None:
    """A thread that cannot be interrupted outlives the application's end; not as overdue."""
    exchange = served.begin()
    served.sweeper.stop()
    assert served.counts() == {"500": 1, "durations": 1, "open": 1}
    assert [line["path"] for line in lines.of("burnrate.overdue")] == ["/never"]
    end(exchange)
    assert served.counts() == {"500": 1, "durations": 1}


def test_one_that_cannot_be_counted_hides_no_other(
    served: Served, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failing open: the sweeper goes on with the next one."""
    broken, _ = served.begin(), served.begin()
    monkeypatch.setattr(broken, "_started", None)  # no time at all
    clock.seconds = LIMIT + 1
    served.sweeper.sweep()
    assert served.counts()["504"] == 1


def test_exactly_one_counts_however_looks_and_ends_meet(lines: Lines) -> None:
    """A thousand requests end around their deadline while four threads look without pause."""
    served, over = Served(), Event()
    random = Random(17)  # noqa: S311 - the same course in each run
    moments = [random.uniform(-2e-4, 2e-4) for _ in range(1_000)]

    def look() -> None:
        while not over.is_set():
            served.sweeper.sweep()

    def serve(offset: float) -> str:
        exchange = served.begin("/short")
        exchange._started -= 2.0 + offset
        if random.random() < 0.3:
            now(exchange.send(OK))
            now(exchange.send(CHUNK))
        else:
            now(exchange.send(OK))
        now(exchange.send(LAST))
        end(exchange)
        return "ended"

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    lookers = [Thread(target=look) for _ in range(4)]
    try:
        for each in lookers:
            each.start()
        with ThreadPoolExecutor(4) as clients:
            ended = list(clients.map(serve, moments))
    finally:
        over.set()
        for each in lookers:
            each.join()
        sys.setswitchinterval(interval)
    counts = served.counts()
    late = len([line for line in lines.of("burnrate.request") if line.get("overdue")])
    assert counts.get("200", 0) + counts["504"] == counts["durations"] == len(ended)
    assert counts["504"] == counts["overdue"] == late
    assert "open" not in counts
    assert not served.recorder.open
