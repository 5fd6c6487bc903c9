"""nginx/nginx.conf on a real nginx: what the api sees, and what comes back."""

import gzip
import json
import re

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from websockets.sync.client import connect

from burnrate.stack import free_port
from tests.compose.proxy import APP, Proxy, StartProxy, seen_headers
from tests.compose.servers import RudeServer, running_app
from tests.servers.threads import served
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration


def test_forged_forwarded_headers_are_overwritten(proxy: Proxy) -> None:
    """The api sees the address nginx saw, and nothing a client claims about itself."""
    forged = {
        "X-Forwarded-For": "203.0.113.9, 198.51.100.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Real-IP": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
    }

    seen = seen_headers(httpx2.get(f"{proxy.url}/users", headers=forged))

    assert seen["x-forwarded-for"] == ["127.0.0.1"]
    assert seen["x-real-ip"] == ["127.0.0.1"]
    assert seen["x-forwarded-proto"] == ["http"]
    assert seen["x-forwarded-host"] == [f"127.0.0.1:{proxy.port}"]
    assert "forwarded" not in seen


def test_path_and_query_reach_the_api_as_they_were_sent(proxy: Proxy) -> None:
    """Escapes are the api's to read: nginx passes them on untouched."""
    response = httpx2.get(f"{proxy.url}/posts/a%2Fb%20c")

    assert response.json()["path"] == "/posts/a%2Fb%20c"


def test_websocket_on_feed_is_upgraded(proxy: Proxy) -> None:
    """A WebSocket gets through, with the same forwarded headers as a request."""
    url = f"ws://127.0.0.1:{proxy.port}/feed"

    with connect(
        url, additional_headers={"X-Forwarded-For": "203.0.113.9"}, open_timeout=PATIENCE_SECONDS
    ) as websocket:
        headers = json.loads(websocket.recv())

    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])


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
    assert "accept-encoding" not in seen_headers(httpx2.get(f"{proxy.url}/users", headers=headers))


def test_event_stream_is_not_compressed(proxy: Proxy) -> None:
    """Compression would hold a stream's events back until a block is full."""
    response = httpx2.get(f"{proxy.url}/sized/5000?type=text/event-stream")

    assert "content-encoding" not in response.headers


def test_post_is_sent_once_when_the_api_hangs_up(start_proxy: StartProxy) -> None:
    """A retried POST would be a second order; the client gets a 502 instead."""
    rude = RudeServer()
    start_proxy.stack.enter_context(served(rude))
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

    with running_app(APP, port):
        assert httpx2.get(f"{proxy.url}/users").status_code == 200


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


def test_what_a_dead_instance_does_not_answer_another_one_does(start_proxy: StartProxy) -> None:
    """An idempotent request is tried once more; no client sees that one of two is gone."""
    port, dead_port = free_port(), free_port()
    proxy = start_proxy(port, keepalive=f"64; server 127.0.0.1:{dead_port}")
    with running_app(APP, port):
        answers = [httpx2.get(f"{proxy.url}/users").status_code for _ in range(60)]

    assert answers == [200] * 60
