"""docs/production.md: its proxy, for real, before a real door."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from burnrate.stack import free_port
from tests.servers.checkout import ROOT, Checkout, door_login
from tests.servers.processes import ServerProcess

pytestmark = pytest.mark.integration

_PAGE = (ROOT / "docs/production.md").read_text()
_HOST = {"Host": "ops.example.org"}


@pytest.fixture(scope="module")
def front(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's nginx, with a certificate and a login of its own; its address."""
    folder = tmp_path_factory.mktemp("front")
    port = free_port()
    names = ["-subj", "/CN=ops.example.org", "-days", "1"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names, *files]
    subprocess.run(make, check=True, capture_output=True)
    (folder / "nginx.conf").write_text(_configuration(folder, port, checkout))
    command = ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    server = ServerProcess(command, folder / "front.log", port=port)
    server.start()
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        server.stop()


def _configuration(folder: Path, port: int, checkout: Checkout) -> str:
    servers = "server {" + _PAGE.partition("```nginx\nserver {")[2].partition("```")[0]
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/example.org", str(folder)),
        ("127.0.0.1:8090", f"127.0.0.1:{checkout.ports['DOOR_PORT']}"),
    ):
        assert old in servers
        servers = servers.replace(old, new)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off; master_process off; pid {folder}/nginx.pid; events {{}}\n"
        f"http {{ access_log off;\n{temporary}{servers}}}\n"
    )


@pytest.fixture
def login(checkout: Checkout) -> tuple[str, str]:
    """A name and a token."""
    return door_login(checkout)


def _client(front: str) -> httpx2.Client:
    return httpx2.Client(base_url=front, verify=False, headers=_HOST, timeout=90)


def test_nobody_gets_in_without_the_login(front: str) -> None:
    """Neither to read nor to acknowledge."""
    with _client(front) as client:
        assert client.get("/").status_code == 401
        assert client.get("/alerts").status_code == 401
        assert client.post("/alerts/1/acknowledge", json={}).status_code == 401


def test_with_the_login_the_page_is_there(front: str, login: tuple[str, str]) -> None:
    """And the list of alerts, through TLS."""
    with _client(front) as client:
        assert client.get("/", auth=login).status_code == 200
        assert "alerts" in client.get("/alerts", auth=login).json()


def test_the_stream_comes_through_unbuffered(front: str, login: tuple[str, str]) -> None:
    """Its first bytes arrive although the answer never ends."""
    with (
        _client(front) as client,
        client.stream("GET", "/events", auth=login, params={"after": 0}) as answer,
    ):
        assert answer.status_code == 200
        assert next(answer.iter_raw())


def test_people_may_act_under_the_name_of_the_page(front: str, login: tuple[str, str]) -> None:
    """As long as it is their own page; another name is not the door's."""
    with _client(front) as client:
        browser = {"Origin": "https://ops.example.org", "Sec-Fetch-Site": "same-origin"}
        unknown = "/alerts/999999999/acknowledge"
        answer = client.post(unknown, json={}, auth=login, headers=browser)
        assert answer.status_code == 404
        assert "INBOX_URL=https://ops.example.org" in _PAGE
        other = client.get("/", auth=login, headers={"Host": "other.example.org"})
        assert other.status_code == 421
