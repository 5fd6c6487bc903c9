"""nginx/nginx.conf on a real nginx: its log, and the ids that lead from it to the api's."""

import re

import httpx2
import pytest

from tests.compose.proxy import TRACE_ID, TRACEPARENT, Proxy, seen_headers

pytestmark = pytest.mark.integration


def test_sane_request_id_is_kept(proxy: Proxy) -> None:
    """A client's id is passed on and logged, so that its own log can be joined."""
    seen = seen_headers(
        httpx2.get(f"{proxy.url}/users", headers={"X-Request-ID": "order-7.retry_2"})
    )

    assert seen["x-request-id"] == ["order-7.retry_2"]
    assert proxy.lines()[0]["request_id"] == "order-7.retry_2"


@pytest.mark.parametrize("value", ["", "a b", 'quote"', "x" * 65, "semi;colon", "bräu"])
def test_insane_request_id_is_replaced(proxy: Proxy, value: str) -> None:
    """What is no token never gets into a header or a log; a fresh id takes its place."""
    headers = [(b"x-request-id", value.encode())]

    seen = seen_headers(httpx2.get(f"{proxy.url}/users", headers=headers))

    assert re.fullmatch(r"[0-9a-f]{32}", seen["x-request-id"][0])
    assert proxy.lines()[0]["request_id"] == seen["x-request-id"][0]


def test_trace_context_is_passed_on_and_logged(proxy: Proxy) -> None:
    """A caller's trace goes through nginx, and nginx' line can be found by it."""
    seen = seen_headers(httpx2.get(f"{proxy.url}/users", headers={"traceparent": TRACEPARENT}))

    assert seen["traceparent"] == [TRACEPARENT]
    line = proxy.lines()[0]
    assert (line["traceparent"], line["trace_id"]) == (TRACEPARENT, TRACE_ID)


def test_access_line_has_the_fields_the_log_pipeline_reads(proxy: Proxy) -> None:
    """One JSON line a request, with an RFC 3339 time and without the query."""
    httpx2.get(f"{proxy.url}/users?token=canary")

    line = proxy.lines()[0]
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", str(line["timestamp"])
    )
    assert line["service"] == "nginx"
    assert line["level"] == "info"
    assert (line["method"], line["path"], line["status_code"]) == ("GET", "/users", 200)
    assert line["client"] == "127.0.0.1"
    assert isinstance(line["process_time"], float)
    assert b"canary" not in proxy.log.read_bytes()


@pytest.mark.parametrize(
    "target",
    [b'/a"b', b"/a\\b", b"/\xff\xfe", b"/%00%0a%ff", b"/" + b"x" * 5000, b"/\x1b[31m", b"/{\t}"],
)
def test_hostile_path_leaves_one_valid_line(proxy: Proxy, target: bytes) -> None:
    """Whatever a path holds, its log line stays one line of valid JSON."""
    request = b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    proxy.send(request)

    lines = proxy.lines()
    assert len(lines) == 1
    assert len(str(lines[0]["path"])) <= 1000
    assert len([line for line in proxy.log.read_bytes().splitlines() if b'"nginx.acc' in line]) == 1
