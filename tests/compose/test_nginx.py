"""nginx/nginx.conf on a real nginx: what gets in, what the api sees, and what does not get in."""

import gzip
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.compose.servers import ROOT, RudeServer, running_app, running_nginx, serving
from tests.servers.processes import free_port

pytestmark = pytest.mark.integration

_TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
_TRACEPARENT = f"00-{_TRACE_ID}-b7ad6b7169203331-01"


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    port: int
    status_port: int
    log: Path

    @property
    def url(self) -> str:
        """Where clients come in."""
        return f"http://127.0.0.1:{self.port}"

    def lines(self, count: int = 1) -> list[dict[str, object]]:
        """Return the access log once it has `count` lines; each must be JSON."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            raw = self.log.read_bytes().splitlines()
            lines = [json.loads(line) for line in raw if line.startswith(b"{")]
            if len(lines) >= count:
                return lines
            time.sleep(0.02)
        raise AssertionError(f"fewer than {count} lines: {self.log.read_text(errors='replace')}")

    def send(self, raw: bytes) -> bytes:
        """Send bytes as they are and return everything that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(raw)
            answer = b""
            # A reset ends an answer as well as a close does.
            with suppress(ConnectionResetError):
                while chunk := connection.recv(65536):
                    answer += chunk
            return answer


async def _echo(request: Request) -> Response:
    body = await request.body()
    raw = request.scope["raw_path"].decode("latin-1")
    headers = [[name, value] for name, value in request.headers.items()]
    return JSONResponse({"path": raw, "headers": headers, "length": len(body)})


async def _sized(request: Request) -> Response:
    body = "a" * request.path_params["size"]
    return Response(body, media_type=request.query_params.get("type", "application/json"))


async def _feed(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json(dict(websocket.headers))
    await websocket.close()


_APP = Starlette(
    routes=[
        Route("/sized/{size:int}", _sized),
        WebSocketRoute("/feed", _feed),
        WebSocketRoute("/other", _feed),
        Route("/{path:path}", _echo, methods=["GET", "POST", "PUT"]),
    ]
)


@pytest.fixture
def start_proxy(tmp_path: Path) -> Iterator["StartProxy"]:
    with ExitStack() as stack:
        yield StartProxy(tmp_path, stack)


@dataclass(frozen=True)
class StartProxy:
    """Starts nginx in front of an upstream."""

    folder: Path
    stack: ExitStack

    def __call__(self, upstream_port: int, **changes: str) -> Proxy:
        """Run it on free ports; `changes` shorten time-outs, by directive."""
        port, status_port = free_port(), free_port()
        replacements = {
            "api:8000": f"127.0.0.1:{upstream_port}",
            "0.0.0.0:8080": f"127.0.0.1:{port}",
            "0.0.0.0:8081": f"127.0.0.1:{status_port}",
        }
        replacements |= {f"{name} ": f"{name} {value}; # " for name, value in changes.items()}
        nginx = running_nginx(ROOT / "nginx/nginx.conf", self.folder / "ng", replacements, port)
        return Proxy(port, status_port, self.stack.enter_context(nginx))


@pytest.fixture
def proxy(start_proxy: StartProxy) -> Proxy:
    return start_proxy(start_proxy.stack.enter_context(running_app(_APP)))


def _seen(response: httpx2.Response) -> dict[str, list[str]]:
    seen: dict[str, list[str]] = {}
    for name, value in response.json()["headers"]:
        seen.setdefault(name, []).append(value)
    return seen


def test_forged_forwarded_headers_are_overwritten(proxy: Proxy) -> None:
    """The api sees the address nginx saw, and nothing a client claims about itself."""
    forged = {
        "X-Forwarded-For": "203.0.113.9, 198.51.100.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Real-IP": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
    }

    seen = _seen(httpx2.get(f"{proxy.url}/users", headers=forged))

    assert seen["x-forwarded-for"] == ["127.0.0.1"]
    assert seen["x-real-ip"] == ["127.0.0.1"]
    assert seen["x-forwarded-proto"] == ["http"]
    assert seen["x-forwarded-host"] == [f"127.0.0.1:{proxy.port}"]
    assert "forwarded" not in seen


def test_path_and_query_reach_the_api_as_they_were_sent(proxy: Proxy) -> None:
    """Escapes are the api's to read: nginx passes them on untouched."""
    response = httpx2.get(f"{proxy.url}/posts/a%2Fb%20c")

    assert response.json()["path"] == "/posts/a%2Fb%20c"


def test_sane_request_id_is_kept(proxy: Proxy) -> None:
    """A client's id is passed on and logged, so that its own log can be joined."""
    seen = _seen(httpx2.get(f"{proxy.url}/users", headers={"X-Request-ID": "order-7.retry_2"}))

    assert seen["x-request-id"] == ["order-7.retry_2"]
    assert proxy.lines()[0]["request_id"] == "order-7.retry_2"


@pytest.mark.parametrize("value", ["", "a b", 'quote"', "x" * 65, "semi;colon", "bräu"])
def test_insane_request_id_is_replaced(proxy: Proxy, value: str) -> None:
    """What is no token never gets into a header or a log; a fresh id takes its place."""
    headers = [(b"x-request-id", value.encode())]

    seen = _seen(httpx2.get(f"{proxy.url}/users", headers=headers))

    assert re.fullmatch(r"[0-9a-f]{32}", seen["x-request-id"][0])
    assert proxy.lines()[0]["request_id"] == seen["x-request-id"][0]


def test_trace_context_is_passed_on_and_logged(proxy: Proxy) -> None:
    """A caller's trace goes through nginx, and nginx' line can be found by it."""
    seen = _seen(httpx2.get(f"{proxy.url}/users", headers={"traceparent": _TRACEPARENT}))

    assert seen["traceparent"] == [_TRACEPARENT]
    line = proxy.lines()[0]
    assert (line["traceparent"], line["trace_id"]) == (_TRACEPARENT, _TRACE_ID)


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


def test_websocket_on_feed_is_upgraded(proxy: Proxy) -> None:
    """A WebSocket gets through, with the same forwarded headers as a request."""
    url = f"ws://127.0.0.1:{proxy.port}/feed"

    with connect(url, additional_headers={"X-Forwarded-For": "203.0.113.9"}) as websocket:
        headers = json.loads(websocket.recv())

    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])


def test_upgrade_elsewhere_is_not_passed_on(proxy: Proxy) -> None:
    """An upgrade is a tunnel past every limit here, so only /feed has it."""
    with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{proxy.port}/other"):
        pass

    h2c = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}
    assert "upgrade" not in _seen(httpx2.get(f"{proxy.url}/users", headers=h2c))


def test_body_up_to_the_limit_is_passed_on(proxy: Proxy) -> None:
    """Two MiB is what the api's largest route takes."""
    body = b"x" * 2 * 1024 * 1024

    assert httpx2.post(f"{proxy.url}/process", content=body).json()["length"] == len(body)


def test_announced_body_over_the_limit_is_refused_in_the_api_s_shape(proxy: Proxy) -> None:
    """413 comes at once, without the body having been taken, as the same JSON as any error."""
    response = httpx2.post(
        f"{proxy.url}/process",
        content=b"x" * (2 * 1024 * 1024 + 1),
        headers={"X-Request-ID": "big", "traceparent": _TRACEPARENT},
    )

    assert response.status_code == 413
    assert response.json() == {
        "error": "Request body too large",
        "path": "/process",
        "request_id": "big",
        "trace_id": _TRACE_ID,
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


@pytest.mark.parametrize(("size", "is_compressed"), [(999, False), (1000, True), (50_000, True)])
def test_answers_from_1000_bytes_are_compressed_once(
    proxy: Proxy, size: int, is_compressed: bool
) -> None:
    """The api is asked for plain answers, and nginx compresses those that are worth it."""
    headers = {"Accept-Encoding": "gzip"}
    with httpx2.stream("GET", f"{proxy.url}/sized/{size}", headers=headers) as response:
        raw = b"".join(response.iter_raw())

    assert ("gzip" in response.headers.get("content-encoding", "")) is is_compressed
    assert (gzip.decompress(raw) if is_compressed else raw) == b"a" * size
    assert "accept-encoding" not in _seen(httpx2.get(f"{proxy.url}/users", headers=headers))


def test_event_stream_is_not_compressed(proxy: Proxy) -> None:
    """Compression would hold a stream's events back until a block is full."""
    response = httpx2.get(f"{proxy.url}/sized/5000?type=text/event-stream")

    assert "content-encoding" not in response.headers


def test_answers_name_no_version(proxy: Proxy) -> None:
    """Neither an answer nor an error tells which version is running."""
    for response in (httpx2.get(f"{proxy.url}/users"), httpx2.get(f"{proxy.url}/metrics")):
        assert response.headers["server"] == "nginx"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "nginx/" not in response.text


def test_post_is_sent_once_when_the_api_hangs_up(start_proxy: StartProxy) -> None:
    """A retried POST would be a second order; the client gets a 502 instead."""
    rude = RudeServer()
    start_proxy.stack.enter_context(serving(rude))
    proxy = start_proxy(rude.server_address[1])

    # On a connection that was kept from the GET, nginx would be most tempted to try again.
    with httpx2.Client() as client:
        for _ in range(5):
            assert client.get(f"{proxy.url}/posts").status_code == 200
            response = client.post(f"{proxy.url}/posts", content=b"{}")
            assert response.status_code == 502

    assert response.json()["error"] == "Bad gateway"
    assert rude.posts == 5
    assert [line["level"] for line in proxy.lines(10)] == ["info", "error"] * 5


def test_api_that_comes_back_is_used_at_once(start_proxy: StartProxy) -> None:
    """A refused connection does not keep nginx from asking again."""
    port = free_port()
    proxy = start_proxy(port)
    assert httpx2.get(f"{proxy.url}/users").status_code == 502

    with running_app(_APP, port):
        assert httpx2.get(f"{proxy.url}/users").status_code == 200


def test_request_that_trickles_in_is_closed(start_proxy: StartProxy) -> None:
    """A header or a body that stops coming is not waited for."""
    proxy = start_proxy(free_port(), client_header_timeout="300ms", client_body_timeout="300ms")

    started = time.monotonic()
    assert proxy.send(b"GET /users HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
    half = proxy.send(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")

    assert time.monotonic() - started < 5
    assert half == b"" or half.startswith(b"HTTP/1.1 408")


def test_upstream_connections_are_kept(start_proxy: StartProxy) -> None:
    """Twenty requests one after another take one connection to the api."""
    peers: set[int] = set()

    async def remember(request: Request) -> Response:
        assert request.client is not None
        peers.add(request.client.port)
        return Response()

    app = Starlette(routes=[Route("/", remember)])
    proxy = start_proxy(start_proxy.stack.enter_context(running_app(app)))

    with httpx2.Client() as client:
        for _ in range(20):
            client.get(f"{proxy.url}/")

    # Each of the two nginx workers keeps its own.
    assert len(peers) <= 2


def test_nothing_is_written_outside_the_prefix(proxy: Proxy) -> None:
    """The root file system is read-only: every path of nginx' own is under `-p`."""
    assert {path.name for path in proxy.log.parent.iterdir()} >= {"nginx.pid", "client_body"}
    assert "could not open" not in proxy.log.read_text()
