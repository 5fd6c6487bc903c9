"""What calls itself a Prometheus and answers something else: one line, and no traceback."""

from collections.abc import Callable

import httpx2
import pytest

from burnrate.http_client import HttpClient, NoAnswer
from burnrate.service.reaching import target_states
from burnrate.slo.backtest.history import History, Piece
from burnrate.slo.live.prometheus import Prometheus

_SCALAR = '{"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}}'
_NO_NUMBER = (
    '{"status": "success", "data": {"resultType": "vector",'
    ' "result": [{"metric": {}, "value": [1, "many"], "values": [[1, "many"]]}]}}'
)
_ANSWERS = {
    "a page": httpx2.Response(200, text="<html>Log in</html>"),
    "a refusal": httpx2.Response(401, text="Unauthorized"),
    "a way to elsewhere": httpx2.Response(302, headers={"Location": "/login"}),
    "no object": httpx2.Response(200, text="[1]"),
    "no data": httpx2.Response(200, text='{"status": "success", "data": null}'),
    "a text": httpx2.Response(200, text='{"status": "success", "data": "up"}'),
    "a number": httpx2.Response(200, text=_SCALAR),
    "a series without a number": httpx2.Response(200, text=_NO_NUMBER),
    "half an answer": httpx2.Response(200, text='{"status": "success", "data": {'),
}
_QUESTIONS: dict[str, Callable[[httpx2.MockTransport], object]] = {
    "check": lambda transport: Prometheus("http://prometheus", transport).query("up"),
    "backtest": lambda transport: History("http://prometheus", 15, transport).at("up", 0),
    "backtest's ranges": lambda transport: History("http://prometheus", 15, transport).over(
        "up", Piece(0, 0, 2)
    ),
    "targets": lambda transport: target_states(Prometheus("http://prometheus", transport), ["a"]),
}


@pytest.mark.parametrize("question", _QUESTIONS)
@pytest.mark.parametrize("answer", _ANSWERS)
def test_what_is_no_answer_of_prometheus_is_said(question: str, answer: str) -> None:
    """Whichever question a command asks."""
    transport = httpx2.MockTransport(lambda _: _ANSWERS[answer])
    with pytest.raises(NoAnswer, match=r"^Prometheus at http://prometheus: \d{3}"):
        _QUESTIONS[question](transport)


def test_an_answer_that_cannot_be_unpacked_is_none() -> None:
    """A proxy may say that it is packed."""

    def respond(_: httpx2.Request) -> httpx2.Response:
        stream = httpx2.ByteStream(b"no gzip")
        return httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=stream)

    with pytest.raises(NoAnswer, match="Prometheus does not answer at http://prometheus"):
        Prometheus("http://prometheus", httpx2.MockTransport(respond)).query("up")


@pytest.mark.parametrize("url", ["http://a:port", "http://[::1", "http://a\x01b"])
def test_what_is_no_address_is_said(url: str) -> None:
    """Before anything is asked."""
    with pytest.raises(NoAnswer, match="Prometheus has no such address"):
        HttpClient("Prometheus", url)
