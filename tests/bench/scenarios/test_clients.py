"""What a client calls good and bad, by what it knows itself."""

import asyncio

import pytest

from bench.scenarios.clients import Answer, Clients, Outcome, Stream
from bench.scenarios.run import felt

_USUAL = Stream(1)
_WRITES = Stream(1, "POST")
_LOST = Stream(1, path="/wp-login.php", is_lost=True)


@pytest.mark.parametrize(
    ("stream", "status", "seconds", "outcome"),
    [
        (_USUAL, 200, 0.1, "good"),
        (_USUAL, 404, 0.1, "good"),
        (_USUAL, 200, 31.0, "bad"),
        (_USUAL, 502, 0.1, "bad"),
        (_USUAL, 429, 0.1, "neither"),
        (_USUAL, None, 6.0, "bad"),
        (_USUAL, None, 1.0, "neither"),
        (_LOST, 404, 0.1, "neither"),
        (_LOST, 500, 0.1, "bad"),
    ],
)
def test_an_answer_has_the_outcome_that_the_documentation_says(
    stream: Stream, status: int | None, seconds: float, outcome: Outcome
) -> None:
    """The table of docs/slo.md, seen from outside."""
    assert Answer(stream, status, seconds).outcome == outcome


def test_what_clients_felt_is_told_by_method_and_time() -> None:
    """Good answers are left out; late ones and those who left are one kind each."""
    answers = [
        Answer(_USUAL, 200, 0.1),
        *(Answer(_WRITES, 200, seconds) for seconds in (35.2, 34.9, 48.0)),
        *(Answer(_USUAL, None, seconds) for seconds in (6.0, 6.1)),
        Answer(_WRITES, 502, 0.2),
    ]
    assert felt(answers) == {
        "POST 200 after 35 to 48 s": 3,
        "GET left after 6 s": 2,
        "POST 502": 1,
    }


def test_a_connection_that_is_closed_without_an_answer_is_a_failure() -> None:
    """And one that is refused: a client that counts neither would agree with any count."""

    async def ask() -> list[Answer]:
        is_asked = asyncio.Event()

        def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()
            is_asked.set()

        closing = await asyncio.start_server(close, host="127.0.0.1", port=0)
        port = closing.sockets[0].getsockname()[1]
        async with closing:
            clients = Clients(port, [Stream(1000)])
            asking = asyncio.create_task(clients.ask())
            await is_asked.wait()
            await clients.finish()
            await asking
        return clients.answers

    answers = asyncio.run(ask())
    assert {(answer.outcome, answer.felt) for answer in answers} == {
        ("bad", "GET closed without an answer")
    }
