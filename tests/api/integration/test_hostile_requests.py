"""Bytes that no honest client sends, straight at the service, past nginx."""

import re
from collections.abc import Iterator

import psutil
import pytest

from tests.servers.api import ApiServer, running_api
from tests.servers.front import send_raw
from tests.support.waiting import wait_until

CLOSE = b"Connection: close\r\n\r\n"
GET = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /process HTTP/1.1\r\nHost: x\r\n"
MEGABYTE = 1_000_000
# A field's cap, and what a line has besides.
LONGEST_LINE = 3 * 16_384


@pytest.fixture(scope="module")
def api(backends: dict[str, str]) -> Iterator[ApiServer]:
    """Run the service with one worker."""
    with running_api(**backends, WEB_CONCURRENCY="1") as server:
        yield server


@pytest.mark.parametrize(
    "raw",
    [
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + CLOSE + b"0\r\n\r\n",
        POST + b"Content-Length: 4\r\nContent-Length: 5\r\n" + CLOSE + b"abcde",
        POST + b"Transfer-Encoding:\x0bchunked\r\n" + CLOSE + b"0\r\n\r\n",
        GET + b"X-Folded: a\r\n b\r\n" + CLOSE,
        GET + b"Host: y\r\n" + CLOSE,
        b"GET /health/live HTTP/1.1\r\n" + CLOSE,
        GET + b"X-Nul: a\x00b\r\n" + CLOSE,
        GET + b"X-Blank : a\r\n" + CLOSE,
        b"\x16\x03\x01 TLS\r\n\r\n",
    ],
    ids=lambda raw: repr(raw[-60:]),
)
def test_ambiguous_request_is_refused(api: ApiServer, raw: bytes) -> None:
    """Where two readers could see two requests, neither gets an answer but 400."""
    answer = send_raw(api.port, raw)
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"uvicorn" not in answer.lower()


@pytest.mark.parametrize("path", ["/users", "/nowhere", "/process"])
def test_answer_names_no_software(api: ApiServer, path: str) -> None:
    """Whoever attacks it need not be told what to look up."""
    with api.client() as client:
        answer = client.get(path)
    assert not {"server", "x-powered-by"} & set(answer.headers)
    assert not re.search(
        r"uvicorn|gunicorn|python|starlette|fastapi", str(answer.headers) + answer.text
    )


def test_old_client_needs_no_host(api: ApiServer) -> None:
    """HTTP/1.0 has none, and some probes still speak it."""
    assert send_raw(api.port, b"GET /health/live HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /%0a%0d%1b[31m%ff%fe%00%e2%80%a8%22} HTTP/1.1\r\nHost: x\r\n" + CLOSE,
        b"GET /" + b"x" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n" + CLOSE,
        b"GET /" + b"x" * MEGABYTE + b" HTTP/1.1\r\nHost: x\r\n" + CLOSE,
        b"GET /\xff\x1b[31m HTTP/1.1\r\nHost: x\r\n" + CLOSE,
        b"FOO\x1b[31m / HTTP/1.1\r\nHost: x\r\n" + CLOSE,
        GET + b"X-Request-ID: " + b"x" * MEGABYTE + b"\r\n" + CLOSE,
        GET + b"User-Agent: \x1b[31m\xff" + b"x" * MEGABYTE + b"\r\n" + CLOSE,
        GET + b"X-Request-ID: a b\r\ntraceparent: 00-\xff\x1b-01\r\n" + CLOSE,
        POST + b"Content-Length: 5\r\n" + CLOSE + b'{"\xff\n\x1b',
    ],
    ids=lambda raw: repr(raw[:30]),
)
def test_hostile_bytes_leave_valid_lines(api: ApiServer, raw: bytes) -> None:
    """Newlines, ANSI, invalid UTF-8, megabytes: an event is one line of JSON, and none is long."""
    before = api.log.stat().st_size
    assert send_raw(api.port, raw).startswith(b"HTTP/1.1 ")
    wait_until(lambda: api.log.stat().st_size > before, "a line")
    api.log_lines()
    lines = api.log.read_bytes()[before:].splitlines()
    assert all(
        len(line) < LONGEST_LINE and line.isascii() and b"\x1b" not in line for line in lines
    )


@pytest.mark.parametrize("is_announced", [True, False])
def test_body_of_100_megabytes_is_refused_and_not_kept(api: ApiServer, is_announced: bool) -> None:
    """413, and memory grows by less than 20 MB."""
    [pid] = api.worker_pids()
    worker = psutil.Process(pid)
    before = worker.memory_info().rss
    size = 100 * 1024 * 1024
    if is_announced:
        length, body = b"Content-Length: %d\r\n" % size, bytes(size)
    else:
        chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
        length, body = b"Transfer-Encoding: chunked\r\n", chunk * 100 + b"0\r\n\r\n"
    answer = send_raw(
        api.port, POST + b"Content-Type: application/json\r\n" + length + b"\r\n" + body
    )
    # A client that goes on writing may lose the answer to the reset that follows it.
    assert answer.startswith(b"HTTP/1.1 413") or not answer
    assert worker.memory_info().rss - before < 20 * 1024 * 1024
    with api.client() as client:
        metrics = client.get("/metrics").text
    assert 'http_requests_total{endpoint="/process",method="POST",status="413"}' in metrics
