"""nginx/docker-proxy.conf on a real nginx, in front of a socket that would answer anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from burnrate.stack import free_port
from tests.compose.servers import ROOT, FakeDocker, running_nginx
from tests.servers.front import send_raw
from tests.servers.threads import served

pytestmark = pytest.mark.integration

_ID = "4f1c9d2e6b7a" * 5 + "abcd"


@dataclass(frozen=True)
class Proxy:
    """The running proxy, and what got through to the socket."""

    url: str
    docker: FakeDocker
    log: Path


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("docker")
    port = free_port()
    replacements = {
        "unix:/var/run/docker.sock": f"unix:{folder}/docker.sock",
        "0.0.0.0:2375": f"127.0.0.1:{port}",
    }
    docker = FakeDocker(folder / "docker.sock")
    source = ROOT / "nginx/docker-proxy.conf"
    with served(docker), running_nginx(source, folder / "ng", replacements, port) as log:
        yield Proxy(f"http://127.0.0.1:{port}", docker, log)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("HEAD", "/_ping"),
        ("GET", "/_ping"),
        ("GET", "/v1.51/containers/json?all=1&filters=%7B%7D"),
        ("GET", f"/v1.51/containers/{_ID}/json"),
        ("GET", f"/v1.44/containers/{_ID}/logs?stdout=1&stderr=1&follow=1&since=1.5"),
        ("GET", "/v1.51/networks"),
    ],
)
def test_what_alloy_asks_gets_through(proxy: Proxy, method: str, path: str) -> None:
    """Version, lists, one container's description and its log: the whole of what Alloy needs."""
    response = httpx2.request(method, proxy.url + path)

    assert response.status_code == 200
    assert proxy.docker.requests[-1] == (method, path, b"")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1.51/containers/create"),
        ("POST", f"/v1.51/containers/{_ID}/start"),
        ("POST", f"/v1.51/containers/{_ID}/exec"),
        ("POST", f"/v1.51/containers/{_ID}/json"),
        ("POST", "/v1.51/containers/json"),
        ("PUT", f"/v1.51/containers/{_ID}/archive?path=/"),
        ("DELETE", f"/v1.51/containers/{_ID}"),
        ("DELETE", f"/v1.51/containers/{_ID}/logs"),
        ("POST", "/_ping"),
        ("POST", "/v1.51/networks"),
        ("GET", f"/v1.51/containers/{_ID}/archive?path=/etc/shadow"),
        ("GET", f"/v1.51/containers/{_ID}/export"),
        ("GET", f"/v1.51/containers/{_ID}/top"),
        ("GET", f"/v1.51/containers/{_ID}/json/archive"),
        ("GET", f"/x/v1.51/containers/{_ID}/json"),
        ("GET", f"/v1.51/containers/{_ID}/attach/ws"),
        ("GET", f"/v1.51/containers/{_ID}/json/../archive"),
        ("GET", f"/v1.51/containers/{_ID}%2farchive"),
        ("GET", "/v1.51/containers/name-of-one/json"),
        ("GET", "/v1.51/images/json"),
        ("GET", "/v1.51/secrets"),
        ("GET", "/v1.51/info"),
        ("GET", "/v1.51/events"),
        ("GET", "/containers/json"),
        ("GET", "/metrics"),
        ("GET", "/"),
    ],
)
def test_nothing_else_gets_through(proxy: Proxy, method: str, path: str) -> None:
    """What could change, run or copy something never reaches the socket, and is logged."""
    before = len(proxy.docker.requests)

    response = httpx2.request(method, httpx2.URL(proxy.url + path))

    assert response.status_code == 403
    assert len(proxy.docker.requests) == before
    assert f'"method":"{method}"' in proxy.log.read_text()


_LIST = "/v1.51/containers/json"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (f"{_LIST}/../../containers/json", _LIST),
        ("//v1.51///containers//json", _LIST),
        ("/v1.51/x/%2e%2e/containers/json", _LIST),
        ("/v1.51/x%2f..%2fcontainers/json", _LIST),
        ("/v1.51/./containers/%6a%73%6f%6e", _LIST),
        (f"/v1.51/containers/create/..%2f{_ID}/json?x=1", f"/v1.51/containers/{_ID}/json?x=1"),
        (f"http://elsewhere{_LIST}?all=1", f"{_LIST}?all=1"),
        (f"http://elsewhere/v1.51/a/../containers/{_ID}/logs", f"/v1.51/containers/{_ID}/logs"),
        (f"{_LIST}?a=/../../create", f"{_LIST}?a=/../../create"),
        (f"{_LIST}?a=?b%0d%0aX", f"{_LIST}?a=?b%0d%0aX"),
        ("//_ping", "/_ping"),
        ("/x/../_ping?a", "/_ping?a"),
    ],
)
def test_what_is_passed_on_is_what_was_checked(proxy: Proxy, target: str, expected: str) -> None:
    """The engine might read the path that a client sent in another way than nginx does."""
    assert _send(proxy, target) == 200
    assert proxy.docker.requests[-1] == ("GET", expected, b"")


@pytest.mark.parametrize(
    "target",
    [
        f"/v1.51/containers/{_ID}/json%00",
        f"/v1.51/containers/{_ID}/json%0a",
        f"/v1.51/containers/{_ID}/json%3f",
        f"/v1.51/containers/{_ID}/json%23",
        f"/v1.51/containers/{_ID}%252fjson",
        f"/v1.51/containers/{_ID}/json;/../archive",
        f"/v1.51/containers/{_ID}/json/%2e%2e/archive?path=/",
        f"/v1.51/containers/{_ID}/json/..%2farchive",
        f"/v1.51/containers/{_ID}/json%5c..%5carchive",
        f"http://docker/v1.51/containers/{_ID}/archive",
        "/v1.51/containers/json/../create",
        f"/v1.51/containers/{_ID}0/json",
        "/v1.51/../../containers/json",
    ],
)
def test_path_in_disguise_does_not_get_through(proxy: Proxy, target: str) -> None:
    """However it is spelled, it is refused for what it is."""
    before = len(proxy.docker.requests)

    assert _send(proxy, target) in {400, 403}
    assert len(proxy.docker.requests) == before


def _send(proxy: Proxy, target: str) -> int:
    """Ask for a target as it is: a client library would tidy it up; returns the status."""
    port = httpx2.URL(proxy.url).port
    assert port is not None
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    return int(send_raw(port, request.encode()).split()[1])


def test_request_hidden_in_a_body_does_not_get_through(proxy: Proxy) -> None:
    """A body is not passed on, where it could be taken for the next request."""
    hidden = b"POST /v1.51/containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"

    response = httpx2.request("GET", f"{proxy.url}/v1.51/containers/json", content=hidden)

    assert response.status_code == 200
    # One more, so that what came after the first would have been read by now.
    httpx2.get(f"{proxy.url}/_ping")
    assert {method for method, _, _ in proxy.docker.requests} <= {"GET", "HEAD"}
