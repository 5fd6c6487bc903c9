"""nginx/docker-proxy.conf on a real nginx, in front of a socket that would answer anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from burnrate.stack import free_port
from tests.compose.servers import ROOT, FakeDocker, running_nginx, serving

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
    with serving(docker), running_nginx(source, folder / "ng", replacements, port) as log:
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


def test_request_hidden_in_a_body_does_not_get_through(proxy: Proxy) -> None:
    """A body is not passed on, where it could be taken for the next request."""
    hidden = b"POST /v1.51/containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"

    response = httpx2.request("GET", f"{proxy.url}/v1.51/containers/json", content=hidden)

    assert response.status_code == 200
    # One more, so that what came after the first would have been read by now.
    httpx2.get(f"{proxy.url}/_ping")
    assert {method for method, _, _ in proxy.docker.requests} <= {"GET", "HEAD"}
