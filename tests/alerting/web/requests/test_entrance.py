"""Past the door: who gets in at the inbox' own port."""

import socket
from base64 import b64encode
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.alerting.bodies import a_body
from tests.alerting.conftest import Inbox, an_inbox, settings_in
from tests.alerting.servers import TOKEN, serving
from tests.support.waiting import wait_until

_PASSWORD = "a-password-of-the-tests-0123456789"
_LOGIN = f"Basic {b64encode(f'burnrate:{_PASSWORD}'.encode()).decode()}"
_LOGINS = (None, "Basic YnVybnJhdGU6Z3Vlc3NlZA==", f"Bearer {TOKEN}", _LOGIN)
_HOSTS = ("localhost:8090", "127.0.0.1:8090", "ops.example.org", "evil.example.org:8090", "")
_ORIGINS = (None, "own", "null", "http://localhost:3000", "http://[")
_SITES = (None, "none", "same-origin", "same-site", "cross-site")
# What they answer to somebody who may.
_READ = {"/": 200, "/alerts": 200, "/assets/none.js": 404, "/openapi.json": 200, "/state": 200,
         "/health": 200, "/nowhere": 404, "/metrics/": 307, "/metrics/x": 404,
         "/health/live": 200, "/health/ready": 200, "/metrics": 200}  # fmt: skip
_OPEN = {"/health/live", "/health/ready", "/metrics", "/webhooks/alertmanager"}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    """An inbox as the stack runs it, without what is in front of it."""
    folder = tmp_path_factory.mktemp("locked")
    password = folder / "password"
    password.write_text(_PASSWORD)
    names = {"allowed_hosts": ",https://ops.example.org"}
    settings = settings_in(folder, login="on", machine_password_file=password, **names)
    with an_inbox(settings) as inbox:
        inbox.post(a_body())
        yield inbox


def _headers(
    login: str | None, host: str, origin: str | None = None, site: str | None = None
) -> dict[str, str]:
    given = {
        "Host": host,
        "Authorization": login,
        "Origin": f"http://{host}" if origin == "own" else origin,
        "Sec-Fetch-Site": site,
    }
    return {name: value for name, value in given.items() if value is not None}


def _expected(path: str, login: str | None, host: str, *, is_foreign: bool, status: int) -> int:
    if host in {"", "evil.example.org:8090"}:
        return 421
    if is_foreign:
        return 403
    return status if path in _OPEN or login == _LOGIN else 401


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_may_read(locked: Inbox, method: str) -> None:
    """Every address for each login and name; machines' own need no login."""
    wrong = []
    for (path, status), login, host in product(_READ.items(), _LOGINS, _HOSTS):
        answer = locked.client.request(
            method, path, headers=_headers(login, host), follow_redirects=False
        )
        expected = _expected(path, login, host, is_foreign=False, status=status)
        if answer.status_code != expected:
            wrong.append((path, login, host, answer.status_code, expected))
    assert wrong == []


def test_who_may_write(locked: Inbox) -> None:
    """Each method, login, name, origin and kind of site, for what is there and what is not."""
    paths = {("POST", "/alerts/1/comment"): 422, ("POST", "/silences"): 422,
             ("PUT", "/nowhere"): 404}  # fmt: skip
    wrong = []
    for ((method, path), status), login, host, origin, site in product(
        paths.items(), (None, _LOGIN), _HOSTS, _ORIGINS, _SITES
    ):
        answer = locked.client.request(method, path, headers=_headers(login, host, origin, site))
        is_foreign = origin not in {None, "own"} or site not in {None, "none", "same-origin"}
        expected = _expected(path, login, host, is_foreign=is_foreign, status=status)
        if answer.status_code != expected:
            wrong.append((method, path, login, host, origin, site, answer.status_code, expected))
    assert wrong == []


def test_the_webhook_wants_its_token_and_not_the_login(locked: Inbox) -> None:
    """Alertmanager does not come by the door."""
    path = "/webhooks/alertmanager"
    for login, status in ((None, 401), (_LOGIN, 401), (f"Bearer {TOKEN}", 200)):
        headers = _headers(login, "inbox:8090")
        answer = locked.client.post(path, content=a_body(), headers=headers)
        assert answer.status_code == status
    foreign = _headers(f"Bearer {TOKEN}", "evil.example.org:8090")
    assert locked.client.post(path, content=a_body(), headers=foreign).status_code == 421


def test_a_forged_name_gets_nowhere(locked: Inbox) -> None:
    """Only what the door sends says who somebody is."""
    path, name = "/alerts/1/acknowledge", {"X-Burnrate-User": "root"}
    assert locked.client.post(path, headers=name).status_code == 401
    assert locked.client.post(path, headers={**name, "Authorization": _LOGIN}).status_code == 204
    timeline = locked.client.get("/alerts/1", headers={"Authorization": _LOGIN}).json()["timeline"]
    assert [each["author"] for each in timeline][-1] == "root", timeline


def test_a_refusal_is_short_and_says_what_to_do(locked: Inbox) -> None:
    """In the shape of all errors, without a word of what was sent."""
    answer = locked.client.get("/alerts?state=SENTINEL")
    assert answer.status_code == httpx2.codes.UNAUTHORIZED
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert answer.json()["error"] == "this is past the door: come in at DOOR_PORT"
    assert answer.json()["request_id"]


def test_a_request_without_a_host_is_refused(locked: Inbox) -> None:
    """HTTP/1.0 needs none; nobody who may come in speaks it."""
    port = int(locked.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 421 " in connection.recv(1000).partition(b"\r\n")[0]


@pytest.mark.parametrize(("login", "is_given"), [("on", True), ("people", False)])
def test_other_parts_get_the_login_only_where_it_is_theirs(
    tmp_path: Path, login: str, *, is_given: bool
) -> None:
    """In both cases people are asked for it."""
    password = tmp_path / "password"
    password.write_text(_PASSWORD)
    logins: set[str | None] = set()

    async def part(request: Request) -> Response:
        logins.add(request.headers.get("authorization"))
        return Response(status_code=503)

    with serving(Starlette(routes=[Route("/{path:path}", part)])) as url:
        settings = settings_in(
            tmp_path,
            login=login,
            machine_password_file=password,
            alertmanager_url=url,
            prometheus_url=url,
        )
        with an_inbox(settings) as inbox:
            assert inbox.client.get("/").status_code == 401
            wait_until(lambda: logins, "a part is asked")
    assert logins == {_LOGIN if is_given else None}
