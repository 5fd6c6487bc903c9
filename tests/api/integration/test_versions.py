"""Two clients that change the same thing: the second one hears of the first."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.servers.api import ApiServer
from tests.support.waiting import PATIENCE_SECONDS

CLIENTS = 20
STALE = '"1"'


@pytest.fixture
def client(api: ApiServer) -> Any:  # noqa: ANN401 - a generator's client
    """Return a client of the service with four workers."""
    with api.client() as client:
        yield client


@pytest.fixture(params=["posts", "users"])
def made(request: pytest.FixtureRequest, client: httpx2.Client) -> tuple[str, str, str]:
    """Return the path of a new post or user, its ETag, and the name of a text of it."""
    name = uuid4().hex
    user = client.post("/users", json={"name": name, "email": f"{name}@example.org"})
    if request.param == "users":
        return f"/users/{user.json()['id']}", user.headers["ETag"], "name"
    post = {"author_id": user.json()["id"], "title": "A title", "body": "A body"}
    made = client.post("/posts", json=post)
    return f"/posts/{made.json()['id']}", made.headers["ETag"], "title"


def test_etag_is_that_of_the_version_that_was_read(
    client: httpx2.Client, made: tuple[str, str, str]
) -> None:
    """Cached or not; a change makes another."""
    path, etag, text = made
    assert [client.get(path).headers["ETag"] for _ in range(8)] == [etag] * 8
    changed = client.patch(path, json={text: "changed"})
    assert changed.headers["ETag"] != etag
    assert {client.get(path).headers["ETag"] for _ in range(8)} == {changed.headers["ETag"]}


def test_of_two_changes_to_what_both_have_read_the_second_is_refused(
    client: httpx2.Client, made: tuple[str, str, str]
) -> None:
    """With 412, and nothing is overwritten; the new ETag opens the door again."""
    path, etag, text = made
    first = client.patch(path, json={text: "first"}, headers={"If-Match": etag})
    second = client.patch(path, json={text: "second"}, headers={"If-Match": etag})
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["error"].endswith("has changed since it was read")
    assert client.get(path).json()[text] == "first"
    # As nginx hands it out with a compressed answer, and one of several.
    weak = {"If-Match": f"{etag}, W/{first.headers['ETag']}"}
    assert client.patch(path, json={text: "second"}, headers=weak).status_code == 200


def test_of_many_at_once_one_wins(api: ApiServer, made: tuple[str, str, str]) -> None:
    """Also while the others already wait for its row."""
    path, etag, text = made

    async def race() -> list[int]:
        async with httpx2.AsyncClient(base_url=api.base_url, timeout=PATIENCE_SECONDS) as client:
            change = {"json": {text: "mine"}, "headers": {"If-Match": etag}}
            answers = await asyncio.gather(
                *(client.patch(path, **change) for _ in range(CLIENTS))  # type: ignore[arg-type]
            )
            return [answer.status_code for answer in answers]

    assert sorted(asyncio.run(race())) == [200] + [412] * (CLIENTS - 1)


@pytest.mark.parametrize("if_match", [STALE, '"', "x", '"\u00b2"', '"99999999999999999999"', ""])
def test_tag_that_is_none_of_ours_matches_nothing(
    client: httpx2.Client, made: tuple[str, str, str], if_match: str
) -> None:
    """Whatever it is."""
    path, _, text = made
    headers = {"If-Match": if_match.encode("latin-1")}
    assert client.patch(path, json={text: "x"}, headers=headers).status_code == 412  # type: ignore[arg-type]
    assert client.delete(path, headers=headers).status_code == 412  # type: ignore[arg-type]


def test_who_does_not_care_overwrites(client: httpx2.Client, made: tuple[str, str, str]) -> None:
    """A change names its fields, and the others stay."""
    path, etag, text = made
    assert client.patch(path, json={text: "x"}).status_code == 200
    assert client.patch(path, json={text: "y"}, headers={"If-Match": "*"}).status_code == 200
    assert client.delete(path, headers={"If-Match": etag}).status_code == 412
    assert client.delete(path).status_code == 204
    for request in (client.patch(path, json={text: "x"}, headers={"If-Match": etag}),
                    client.delete(path, headers={"If-Match": etag})):  # fmt: skip
        assert request.status_code == 404
