"""A part's answer, or one line that says why there is none."""

import httpx2
import pytest

from burnrate.http_client import HttpClient, NoAnswer, refusal


def client(answer: httpx2.Response | Exception) -> HttpClient:
    """Return a client of a part that always answers so."""

    def respond(_: httpx2.Request) -> httpx2.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return HttpClient("the inbox", "http://127.0.0.1:1", transport=httpx2.MockTransport(respond))


def test_a_refused_connection_names_the_part_and_its_address() -> None:
    """Which part of the stack is meant is no riddle."""
    http = client(httpx2.ConnectError("refused"))
    with pytest.raises(NoAnswer, match=r"the inbox does not answer at http://.*:1: refused"):
        http.request("POST", "/alerts", json={})


def test_a_login_is_sent_and_never_shown() -> None:
    """Nor is the reason of an error without a text left out."""
    seen: list[httpx2.Request] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        raise httpx2.ReadTimeout("")

    url = "http://ada:p%40ss@127.0.0.1:1/a@b"
    http = HttpClient("Prometheus", url, transport=httpx2.MockTransport(respond))
    with pytest.raises(NoAnswer, match=r"at http://127\.0\.0\.1:1/a@b: ReadTimeout$"):
        http.request("POST", "/query", form={"query": "up"})
    (request,) = seen
    assert request.headers["authorization"] == "Basic YWRhOnBAc3M="
    assert request.read() == b"query=up"


def test_any_status_is_an_answer_to_a_request() -> None:
    """Whoever asks decides what it means."""
    assert client(httpx2.Response(503)).request("GET", "/").status_code == 503


def test_a_body_is_that_of_a_success() -> None:
    """A page of an error is none."""
    assert client(httpx2.Response(200, text="{}")).get("/alerts") == b"{}"
    with pytest.raises(NoAnswer, match="the inbox: GET /alerts: 503 no database"):
        client(httpx2.Response(503, text="no\n database")).get("/alerts")


def test_metrics_are_read_and_nothing_else_is_taken_for_them() -> None:
    """A proxy may answer 200 with a page of its own."""
    assert client(httpx2.Response(200, text="a 1\n")).samples().total("a") == 1
    with pytest.raises(NoAnswer, match="the inbox: GET /metrics: no metrics"):
        client(httpx2.Response(200, text="<html></html>")).samples()


def test_a_refusal_is_short() -> None:
    """It ends in one line of a terminal."""
    assert refusal(httpx2.Response(500, text="x" * 1_000)) == f"500 {'x' * 200}"
