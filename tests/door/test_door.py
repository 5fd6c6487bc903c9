"""nginx/door.conf on a real nginx: who gets in, and what gets through."""

import re
from base64 import b64encode
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import httpx2
import pytest
from websockets.sync.client import connect

from tests.compose.servers import ROOT
from tests.door.doors import PARTS, Door, running_door, seen
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
_HOSTS = ("localhost", "127.0.0.1", "evil.example.org", "localhost.evil.example.org", "door", "")
_ORIGINS = (None, "own", "null", "http://evil.example.org", "http://localhost:1", "other host")
_SITES = (None, "none", "same-origin", "same-site", "cross-site")
# Mode and destination: of a script, of a link, and of a frame.
_FETCHES = (None, ("cors", "empty"), ("navigate", "document"), ("navigate", "iframe"))


def _basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{secret}'.encode()).decode()}"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """All parts are there."""
    with running_door(tmp_path_factory.mktemp("door")) as made:
        yield made


def _expected(
    method: str, host: str, origin: str | None, site: str | None, fetch: tuple[str, str] | None
) -> int:
    if host not in {"localhost", "127.0.0.1"}:
        return 421
    if origin not in {None, "own"}:
        return 403
    is_link = method in {"GET", "HEAD"} and fetch == ("navigate", "document")
    return 200 if site in {None, "none", "same-origin"} or is_link else 403


@pytest.mark.parametrize("host", _HOSTS)
def test_who_gets_in(door: Door, host: str) -> None:
    """Every method, origin and kind of fetch, for each name."""
    wrong = []
    with httpx2.Client(base_url=door.url, trust_env=False) as client:
        for method, origin, site, fetch in product(_METHODS, _ORIGINS, _SITES, _FETCHES):
            address = f"{host}:{door.port}" if host else ""
            own = {"own": f"http://{address}", "other host": f"http://localhost:{door.port}0"}
            headers = {"Host": address, **door.cookie}
            if origin is not None:
                headers["Origin"] = own.get(origin, origin)
            if site is not None:
                headers["Sec-Fetch-Site"] = site
            if fetch is not None:
                headers |= dict(zip(("Sec-Fetch-Mode", "Sec-Fetch-Dest"), fetch, strict=True))
            status = client.request(method, "/alerts", headers=headers).status_code
            # nginx itself refuses a request that names no host.
            expected = _expected(method, host, origin, site, fetch) if host else 400
            if status != expected:
                wrong.append((method, origin, site, fetch, status, expected))
    assert wrong == []


def test_a_name_of_another_port_is_another_origin(door: Door) -> None:
    """The service at its own port is another site to the door."""
    host = f"127.0.0.1:{door.port}"
    for origin, status in ((f"http://{host}", 200), (f"https://{host}", 200),
                           (f"http://localhost:{door.port}", 403), ("http://127.0.0.1:8080", 403),
                           (f"http://{host}/", 403), (f"http://evil {host}", 403)):  # fmt: skip
        answer = door.ask("/alerts", "POST", {"Host": host, "Origin": origin})
        assert answer.status_code == status, origin


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_below_its_path_and_lets_no_page_read_it(door: Door, part: str) -> None:
    """Path and query come through as they are, headers of CORS do not come back."""
    path = PARTS[part][1]
    answer = door.ask(f"{path}?a=%2F&b=c%20d")
    assert (answer.json()["part"], answer.json()["path"]) == (part, path)
    assert answer.json()["query"] == "a=%2F&b=c%20d"
    assert [name for name in answer.headers if name.startswith("access-control")] == []
    bare = door.ask(path.split("/api")[0]) if "/api" in path else door.ask("/")
    assert bare.headers.get("location", "/") in {"/", f"{path.split('/api')[0]}/"}


@pytest.mark.parametrize("part", PARTS)
def test_what_a_client_says_of_itself_is_replaced(door: Door, part: str) -> None:
    """Nobody chooses an address, a login or a scheme by a header of their own."""
    forged = {
        "X-Forwarded-For": "10.0.0.1",
        "X-Real-IP": "10.0.0.1",
        "X-Forwarded-Host": "evil.example.org",
        "Forwarded": "for=10.0.0.1",
        "Authorization": "Basic b3RoZXI6c2VjcmV0",
        "Proxy-Authorization": "Basic b3RoZXI6c2VjcmV0",
    }
    found = seen(door.ask(PARTS[part][1], headers=forged))
    assert found["x-forwarded-for"] == found["x-real-ip"] == ["127.0.0.1"]
    assert found["x-forwarded-host"] == found["host"] == [door.host]
    assert not {"forwarded", "proxy-authorization"} & found.keys()
    machine = _basic("burnrate", (door.secrets / "machine_password").read_text())["Authorization"]
    assert found.get("authorization") == (None if part == "grafana" else [machine])


@pytest.mark.parametrize("part", PARTS)
def test_only_the_door_says_who_somebody_is(door: Door, part: str) -> None:
    """By cookie or basic login; a forged header and an unproven name get nowhere."""
    secret = (door.secrets / "grafana_user_header").read_text().strip()
    forged = {"X-Burnrate-User": "root", secret: "root", "X-WEBAUTH-USER": "root"}
    unproven = _basic("root", "guessed")
    machine = _basic("burnrate", (door.secrets / "machine_password").read_text())["Authorization"]
    ada = {"Cookie": "", **_basic("ada", door.people["ada"])}
    for headers, name in (({}, "operator"), (unproven, "operator"), (ada, "ada")):
        found = seen(door.ask(PARTS[part][1], headers={**forged, **headers}))
        assert found["x-burnrate-user"] == [name]
        if part == "grafana":
            assert found[secret.lower()] == [name]
        assert found.get("authorization") in (None, [machine])


def test_the_parts_do_not_see_the_cookie(door: Door) -> None:
    """But their own, wherever ours stands among them."""
    ours = door.cookie["Cookie"]
    for sent, passed in ((ours, None), (f"{ours}; a=1", "a=1"), (f"a=1; {ours}", "a=1"),
                         (f"a=1; {ours}; b=2", "a=1; b=2")):  # fmt: skip
        found = seen(door.ask(PARTS["grafana"][1], headers={"Cookie": sent})).get("cookie")
        assert found == (None if passed is None else [passed]), sent


def test_every_location_that_passes_on_includes_the_headers() -> None:
    """One with a header of its own would inherit none: what a client forges would come through."""
    text = (ROOT / "nginx/door.conf").read_text()
    locations = re.findall(r"location [^{]*\{([^}]*)\}", text)
    passing = [each for each in locations if "proxy_pass" in each]
    assert len(passing) == text.count("proxy_pass http")
    assert all(each.count("include door/passing_on.conf;") == 1 for each in passing)


def test_what_is_for_machines_is_not_here(door: Door) -> None:
    """Alertmanager and Prometheus ask the inbox itself, in every spelling."""
    for path in ("/metrics", "/metrics/", "/metrics;x", "/%6detrics", "/webhooks/alertmanager",
                 "/x/../webhooks/alertmanager", "/metrics%2f"):  # fmt: skip
        assert door.ask(path, "POST").status_code == 404, path


def test_live_updates_come_through(door: Door) -> None:
    """Grafana's WebSocket, for its own page alone."""
    address = f"ws://localhost:{door.port}/grafana/api/live/ws"
    with connect(
        address, additional_headers={"Origin": f"http://{door.host}", **door.cookie}
    ) as live:
        assert live.recv(timeout=PATIENCE_SECONDS) == "grafana"
    with pytest.raises(Exception, match="403"):
        connect(address, additional_headers={"Origin": "http://evil.example.org", **door.cookie})


def test_a_part_that_is_away_is_named(tmp_path: Path) -> None:
    """The others answer, with the inbox dead as well."""
    with running_door(tmp_path, frozenset({"inbox", "grafana"})) as door:
        for part, name in (("inbox", "the inbox"), ("grafana", "Grafana")):
            answer = door.ask(PARTS[part][1])
            assert (answer.status_code, answer.text.split(" does")[0]) == (502, name)
        assert door.ask(PARTS["prometheus"][1]).status_code == 200
        assert door.ask("/-/door/health").status_code == 200


def test_no_query_is_logged(door: Door) -> None:
    """Whatever becomes of the request."""
    for host in (door.host, "evil.example.org"):
        door.ask("/prometheus/api/v1/query?token=unspeakable", headers={"Host": host})
    door.ask("/incidents/7?mark=this-is-logged-without", headers={"Referer": "http://unspeakable"})
    wait_until(lambda: "/incidents/7" in door.log.read_text(), "the line")
    assert "unspeakable" not in door.log.read_text()
    assert "mark=" not in door.log.read_text()
