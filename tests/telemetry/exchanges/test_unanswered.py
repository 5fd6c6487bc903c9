"""A request that is not answered by its deadline is counted then, and never again."""

import sys
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event, Thread

import pytest
from starlette.types import Message

from tests.telemetry.clock import Clock
from tests.telemetry.exchanges.unanswered import (
    CHUNK,
    LAST,
    LIMIT,
    OK,
    Client,
    Served,
    end,
    never,
    now,
)
from tests.telemetry.lines import Lines


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
