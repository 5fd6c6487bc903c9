"""What a deadline leaves alone: streams that have begun, and clients that have left."""

import pytest
from starlette.types import Message

from tests.telemetry.clock import Clock
from tests.telemetry.exchanges.unanswered import (
    CHUNK,
    EVENTS,
    LAST,
    LIMIT,
    OK,
    Client,
    Served,
    end,
    now,
)
from tests.telemetry.lines import Lines


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
