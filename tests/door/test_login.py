"""Who is let in: a browser by its link and cookie, curl by name and token, nobody else."""

from base64 import b64encode
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import httpx2
import pytest

from tests.door.doors import PARTS, Door, running_door, seen
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """All parts are there."""
    with running_door(tmp_path_factory.mktemp("login")) as made:
        yield made


def _basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{secret}'.encode()).decode()}"}


def _links(door: Door) -> dict[str, str]:
    lines = (door.secrets / "door_links").read_text().splitlines()
    return {name: link for name, _, link in (line.partition(" ") for line in lines)}


def test_who_is_let_in(door: Door) -> None:
    """Each login at each part, with each method, from our own page and from another's."""
    name, token = door.login
    machine = (door.secrets / "machine_password").read_text()
    logins = {
        "none": ({}, False),
        "cookie": (door.cookie, True),
        "other cookie": ({"Cookie": f"burnrate_door={'x' * 43}"}, False),
        "cookie in other letters": ({"Cookie": door.cookie["Cookie"].swapcase()}, False),
        "empty cookie": ({"Cookie": "burnrate_door="}, False),
        "name as cookie": ({"Cookie": f"burnrate_door={name}"}, False),
        "basic": (_basic(name, token), True),
        "machine": (_basic("burnrate", machine), True),
        "wrong token": (_basic(name, token[:-1]), False),
        "other's token": (_basic("ada", token), False),
        "no token": (_basic(name, ""), False),
        "hash": (_basic(name, (door.secrets / "door_passwords").read_text().split(":")[1]), False),
        "bearer": ({"Authorization": f"Bearer {token}"}, False),
    }
    wrong = []
    with httpx2.Client(base_url=door.url, trust_env=False) as client:
        for login, part, method, site in product(
            logins, PARTS, ("GET", "POST", "DELETE"), ("same-origin", "cross-site")
        ):
            given, is_in = logins[login]
            headers = {"Host": door.host, "Sec-Fetch-Site": site, **given}
            status = client.request(method, PARTS[part][1], headers=headers).status_code
            expected = 403 if site == "cross-site" else 200 if is_in else 401
            if status != expected:
                wrong.append((login, part, method, site, status, expected))
    assert wrong == []


def test_the_link_sets_the_cookie(door: Door) -> None:
    """For thirty days, out of scripts' reach, and not for what other sites' pages ask for."""
    link = _links(door)["ada"]
    chat = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Cookie": ""}
    path = link.removeprefix(f"http://{door.host}")
    answer = door.ask(path, headers={**chat, "Sec-Fetch-Dest": "document"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == (
        "no-store", "no-referrer",
    )  # fmt: skip
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert attributes == ["Path=/", "Max-Age=2592000", "HttpOnly", "SameSite=Lax"]
    assert seen(door.ask("/alerts", headers={"Cookie": cookie}))["x-burnrate-user"] == ["ada"]
    behind_tls = door.ask(path, headers={"X-Forwarded-Proto": "https", "Cookie": ""})
    assert behind_tls.headers["set-cookie"].endswith("; Secure")


def test_another_link_lets_nobody_in(door: Door) -> None:
    """Neither a guess nor half a token; nor does a request to the check itself."""
    for query in ("", "?token=", "?token=guess", f"?token={door.login[1][:-1]}"):
        answer = door.ask(f"/-/door/login{query}", headers={"Cookie": ""})
        assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)
    assert door.ask("/-/door/known").status_code == 404


def test_who_is_not_let_in_is_told_how(door: Door) -> None:
    """And a browser asks for name and token."""
    answer = door.ask("/", headers={"Cookie": ""})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="Burnrate"'
    assert "burnrate door link" in answer.text


def test_no_log_holds_a_token(door: Door) -> None:
    """Neither of a link that works nor of one that does not, nor of a part that is away."""
    for headers in ({"Cookie": ""}, {"Cookie": "", "Host": "evil.example.org"}):
        for link in _links(door).values():
            door.ask(link.removeprefix(f"http://{door.host}"), headers=headers)
            door.ask(link.removeprefix(f"http://{door.host}") + "&x", headers=headers)
    door.ask("/now/last-of-this-test")
    wait_until(lambda: "last-of-this-test" in door.log.read_text(), "the last line")
    assert "/-/door/login" in door.log.read_text()
    assert not [token for token in door.people.values() if token in door.log.read_text()]


def test_without_a_login_names_and_origins_are_checked_all_the_same(tmp_path: Path) -> None:
    """`DOOR_LOGIN=off`: anybody comes in as somebody, whatever they call themselves."""
    with running_door(tmp_path, DOOR_LOGIN="off") as door:
        headers = {"Cookie": "", **_basic("root", "guessed"), "X-Burnrate-User": "root"}
        assert seen(door.ask("/alerts", headers=headers))["x-burnrate-user"] == ["somebody"]
        assert door.ask("/alerts", headers={"Host": "evil.example.org"}).status_code == 421
        assert door.ask("/alerts", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_it_lets_in_while_no_part_is_there(tmp_path: Path) -> None:
    """The inbox has no say in it."""
    with running_door(tmp_path, frozenset(PARTS)) as door:
        assert door.ask("/").status_code == 502
        assert door.ask("/", headers={"Cookie": ""}).status_code == 401
        path = _links(door)["ada"].removeprefix(f"http://{door.host}")
        assert door.ask(path, headers={"Cookie": ""}).status_code == 303
