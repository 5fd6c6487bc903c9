"""nginx/nginx.conf on a real nginx: what one client cannot take from the others."""

import resource
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from burnrate.stack import free_port
from burnrate.stack.render.clients import with_client_limits
from tests.compose.front_door import Service
from tests.compose.proxy import APP, Proxy
from tests.compose.servers import ROOT, running_app, running_nginx
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration

_ONE, _OTHER = "127.0.0.1", "127.0.0.2"
# Twice what took nginx from all when it had room for 8,192.
_HALF_HEADERS = 9_200


@contextmanager
def _running(
    folder: Path, upstream: int, listen: str = "127.0.0.1", **limits: str
) -> Iterator[Proxy]:
    text = with_client_limits((ROOT / "nginx/nginx.conf").read_text(), limits)
    (folder / "limited.conf").write_text(text)
    port, status_port = free_port(), free_port()
    addresses = {
        "api:8000": f"127.0.0.1:{upstream}",
        "0.0.0.0:8080": f"{listen}:{port}",
        "0.0.0.0:8081": f"127.0.0.1:{status_port}",
    }
    with running_nginx(folder / "limited.conf", folder / "ng", addresses, port) as log:
        yield Proxy(port, status_port, log)


@contextmanager
def _client(address: str) -> Iterator[httpx2.Client]:
    """Ask from an address of this machine; certificates would take longer than all the rest."""
    transport = httpx2.HTTPTransport(local_address=address, verify=False)
    with httpx2.Client(transport=transport, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        yield client


def _get(proxy: Proxy, path: str, address: str) -> httpx2.Response:
    with _client(address) as client:
        return client.get(f"{proxy.url}{path}")


def _statuses(proxy: Proxy, address: str, count: int) -> set[int]:
    with _client(address) as client:
        return {client.get(f"{proxy.url}/users").status_code for _ in range(count)}


def test_half_headers_of_one_address_leave_room_for_others(tmp_path: Path) -> None:
    """Nginx counts connections of a client by their requests, which these have not sent."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(_HALF_HEADERS, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with ExitStack() as stack:
            service = stack.enter_context(running_app(APP))
            proxy = stack.enter_context(_running(tmp_path, service))
            for _ in range(wanted):
                half = stack.enter_context(socket.create_connection((_ONE, proxy.port)))
                half.sendall(b"GET /users HTTP/1.1\r\nHost: x\r\nX-Half: ")

            answers = [_get(proxy, "/users", _OTHER).status_code for _ in range(20)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert answers == [200] * 20


def test_no_address_has_as_many_ports_as_nginx_has_room() -> None:
    """Else the test above would only say that one has to open more."""
    words = (ROOT / "nginx/nginx.conf").read_text().replace(";", "").split()
    workers, connections, files = (
        int(words[words.index(name) + 1])
        for name in ("worker_processes", "worker_connections", "worker_rlimit_nofile")
    )

    assert workers * connections > 65_535
    assert files > connections


def test_requests_at_once_are_limited_by_address(tmp_path: Path) -> None:
    """Who has as many as are allowed gets a 429 that says when; others are served."""
    service = Service()
    with ExitStack() as stack:
        port = stack.enter_context(running_app(service.app))
        proxy = stack.enter_context(_running(tmp_path, port, CLIENT_REQUESTS_AT_ONCE="2"))
        pool = stack.enter_context(ThreadPoolExecutor(2))
        waiting = [pool.submit(_get, proxy, "/hang", _ONE) for _ in range(2)]
        wait_until(lambda: service.hanging["/hang"] == 2, "both requests")

        refused = _get(proxy, "/answer/200", _ONE)
        other = _get(proxy, "/answer/200", _OTHER)
        service.released.set()

        assert [each.result().status_code for each in waiting] == [200, 200]

    assert other.status_code == 200
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error"] == "Too many requests"
    assert refused.json()["request_id"] == refused.headers["x-request-id"]


def test_requests_a_second_are_limited_by_address(tmp_path: Path) -> None:
    """One a second, and one ahead: of many at once, some get a 429; another address none."""
    with (
        running_app(APP) as port,
        _running(tmp_path, port, CLIENT_REQUESTS_PER_SECOND="1") as proxy,
    ):
        codes = _statuses(proxy, _ONE, 200)
        other = _get(proxy, "/users", _OTHER).status_code

    assert codes == {200, 429}
    assert other == 200


def test_exempt_network_has_no_limits(tmp_path: Path) -> None:
    """An outer proxy, or a load generator, is not one client."""
    limits = {"CLIENT_REQUESTS_PER_SECOND": "1", "CLIENT_LIMITS_EXEMPT": "127.0.0.2, 127.0.9.0/24"}
    with running_app(APP) as port, _running(tmp_path, port, **limits) as proxy:
        codes = [_statuses(proxy, address, 100) for address in (_OTHER, "127.0.9.7")]

    assert codes == [{200}, {200}]


def test_open_feeds_are_limited_by_address(tmp_path: Path) -> None:
    """They last for hours, so each client has few; what it asks besides is not refused."""
    service = Service()
    with ExitStack() as stack:
        port = stack.enter_context(running_app(service.app))
        proxy = stack.enter_context(_running(tmp_path, port, CLIENT_FEEDS="1"))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        first = pool.submit(_get, proxy, "/feed", _ONE)
        wait_until(lambda: service.hanging["/feed"] == 1, "the feed")

        with pytest.raises(InvalidStatus) as refusal:
            connect(f"ws://127.0.0.1:{proxy.port}/feed")
        besides = _get(proxy, "/answer/200", _ONE)
        service.released.set()
        first.result()

    assert refusal.value.response.status_code == 429
    assert besides.status_code == 200


def test_household_of_ipv6_is_one_client(tmp_path: Path) -> None:
    """It has 2^64 addresses, which differ in their second half only."""
    text = (ROOT / "nginx/nginx.conf").read_text()
    begin = text.index("    map $binary_remote_addr")
    mapping = text[begin : text.index("    }\n", begin) + 6]
    # The addresses of a request come from a header: this machine has no /64.
    source = tmp_path / "networks.conf"
    port = free_port()
    source.write_text(
        f"pid nginx.pid; error_log stderr; events {{}} http {{ access_log off;\n{mapping}"
        "    limit_req_zone $client_network zone=one:1m rate=1r/m;\n"
        "    client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c;\n"
        "    uwsgi_temp_path d; scgi_temp_path e;\n"
        "    set_real_ip_from 127.0.0.1; real_ip_header X-Client;\n"
        f"    server {{ listen 127.0.0.1:{port}; limit_req zone=one; limit_req_status 429;\n"
        "        location / { try_files /none =204; } } }\n"
    )

    def ask(client: str) -> int:
        headers = {"X-Client": client}
        return httpx2.get(f"http://127.0.0.1:{port}/", headers=headers, trust_env=False).status_code

    with running_nginx(source, tmp_path / "ng", {}, port):
        same = [ask("2001:db8:0:1::1"), ask("2001:db8:0:1:ffff::2"), ask("2001:db8:0:1::")]
        others = [ask("2001:db8:0:2::1"), ask("::1"), ask("203.0.113.1"), ask("203.0.113.2")]

    assert same == [204, 429, 429]
    assert others == [204] * 4


_HEAD = b"Host: x\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    ("request_", "status", "error"),
    [
        (b"nonsense\r\n\r\n", 400, "Bad request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "Bad request"),
        (b"\x16\x03\x01\x00\x01", 400, "Bad request"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "Bad request"),
        (b"CONNECT a:1 HTTP/1.1\r\n" + _HEAD + b"\r\n", 400, "Bad request"),
        (b"GET /%zz HTTP/1.1\r\n" + _HEAD + b"\r\n", 400, "Bad request"),
        (b"GET /metrics HTTP/1.1\r\n" + _HEAD + b"\r\n", 404, "Not found"),
        (b"TRACE / HTTP/1.1\r\n" + _HEAD + b"\r\n", 405, "Method not allowed"),
        (
            b"POST / HTTP/1.1\r\n" + _HEAD + b"Content-Length: 9999999\r\n\r\n",
            413,
            "Request body too large",
        ),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + _HEAD + b"\r\n", 414, "URI too long"),
        (
            b"GET / HTTP/1.1\r\n" + _HEAD + b"A: " + b"a" * 9000 + b"\r\n\r\n",
            431,
            "Request header too large",
        ),
        (
            b"POST / HTTP/1.1\r\n" + _HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
            501,
            "Not implemented",
        ),
        (b"GET / HTTP/1.1\r\n" + _HEAD + b"\r\n", 502, "Bad gateway"),
        (b"GET / HTTP/3.7\r\n" + _HEAD + b"\r\n", 505, "HTTP version not supported"),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_each_answer_of_nginx_has_the_service_s_shape(
    no_service: Proxy, request_: bytes, status: int, error: str
) -> None:
    """Whatever is wrong with a request, and whoever says so."""
    head, _, body = no_service.send(request_).partition(b"\r\n\r\n")

    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/json" in head
    answer = httpx2.Response(status, content=body).json()
    assert answer.keys() == {"error", "path", "request_id", "trace_id"}
    assert answer["error"] == error


@pytest.fixture(scope="module")
def no_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Nothing listens behind it."""
    with _running(tmp_path_factory.mktemp("no_service"), free_port()) as proxy:
        yield proxy
