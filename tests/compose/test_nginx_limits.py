"""nginx/nginx.conf on a real nginx: what does not get in."""

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from burnrate.stack import free_port
from tests.compose.proxy import TRACE_ID, TRACEPARENT, Proxy, StartProxy, seen_headers

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "target",
    [
        "/metrics",
        "/metrics/",
        "//metrics",
        "/./metrics",
        "/x/../metrics",
        "/x/..%2fmetrics",
        "/%6detrics",
        "/metrics%0a",
        "/metrics?name=x",
        "/metrics;x",
        "/metrics%3fx",
        "/metrics/x",
        "/metrics%20",
    ],
)
def test_metrics_are_not_public(proxy: Proxy, target: str) -> None:
    """No spelling of /metrics gets to the api."""
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    answer = proxy.send(request.encode())

    assert answer.startswith(b"HTTP/1.1 404")
    assert proxy.lines()[0]["upstream_status"] == ""


def test_path_that_only_begins_like_metrics_is_served(proxy: Proxy) -> None:
    """The block is for one path and not for a prefix."""
    assert httpx2.get(f"{proxy.url}/metrics-guide").status_code == 200


def test_own_figures_are_on_the_second_port_alone(proxy: Proxy) -> None:
    """stub_status is for the exporter; the public port passes the path on like any other."""
    status = httpx2.get(f"http://127.0.0.1:{proxy.status_port}/stub_status")
    other = httpx2.get(f"http://127.0.0.1:{proxy.status_port}/users")
    public = httpx2.get(f"{proxy.url}/stub_status")

    assert "Active connections" in status.text
    assert other.status_code == 404
    assert "Active connections" not in public.text


def test_upgrade_elsewhere_is_not_passed_on(proxy: Proxy) -> None:
    """An upgrade is a tunnel past every limit here, so only /feed has it."""
    with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{proxy.port}/other"):
        pass

    h2c = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}
    assert "upgrade" not in seen_headers(httpx2.get(f"{proxy.url}/users", headers=h2c))


def test_body_up_to_the_limit_is_passed_on(proxy: Proxy) -> None:
    """Two MiB is what the api's largest route takes."""
    body = b"x" * 2 * 1024 * 1024

    assert httpx2.post(f"{proxy.url}/process", content=body).json()["length"] == len(body)


def test_announced_body_over_the_limit_is_refused_in_the_api_s_shape(proxy: Proxy) -> None:
    """413 comes at once, without the body having been taken, as the same JSON as any error."""
    response = httpx2.post(
        f"{proxy.url}/process",
        content=b"x" * (2 * 1024 * 1024 + 1),
        headers={"X-Request-ID": "big", "traceparent": TRACEPARENT},
    )

    assert response.status_code == 413
    assert response.json() == {
        "error": "Request body too large",
        "path": "/process",
        "request_id": "big",
        "trace_id": TRACE_ID,
    }
    assert response.headers["x-request-id"] == "big"
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_chunked_body_over_the_limit_is_refused(proxy: Proxy) -> None:
    """A body without an announced length is counted while it comes."""
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    head = b"POST /process HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"

    answer = proxy.send(head + b"Connection: close\r\n\r\n" + chunk * 33 + b"0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413")
    assert proxy.lines()[0]["upstream_status"] == ""


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n",
        b"Host: other\r\n",
        b"X-Folded: a\r\n b\r\n",
    ],
)
def test_ambiguous_request_is_refused(proxy: Proxy, head: bytes) -> None:
    """Where two readers could see two requests, nobody is asked."""
    request = b"POST /x HTTP/1.1\r\nHost: x\r\n" + head + b"Connection: close\r\n\r\n0\r\n\r\n"

    assert proxy.send(request).startswith(b"HTTP/1.1 400")


def test_answers_name_no_version(proxy: Proxy) -> None:
    """Neither an answer nor an error tells which version is running."""
    for response in (httpx2.get(f"{proxy.url}/users"), httpx2.get(f"{proxy.url}/metrics")):
        assert response.headers["server"] == "nginx"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "nginx/" not in response.text


def test_request_that_trickles_in_is_closed(start_proxy: StartProxy) -> None:
    """A header or a body that stops coming is not waited for."""
    proxy = start_proxy(free_port(), client_header_timeout="300ms", client_body_timeout="300ms")

    assert proxy.send(b"GET /users HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
    half = proxy.send(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
    assert half == b"" or half.startswith(b"HTTP/1.1 408")
