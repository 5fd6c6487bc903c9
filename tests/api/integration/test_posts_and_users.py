"""Users and posts, through gunicorn, four workers, PostgreSQL and Redis."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx2
import pytest

from api.posts.schemas import FoundPost, Post
from api.users.schemas import UserWithPosts
from api.web.pagination import Page, encode_id
from tests.servers.api import ApiServer
from tests.support.waiting import wait_until

_numbers = count(1)


@pytest.fixture
def client(api: ApiServer) -> Iterator[httpx2.Client]:
    """Return a client that uses a new connection for each request, so that workers take turns."""
    with api.client(headers={"Connection": "close"}) as client:
        yield client


@pytest.fixture
def user(client: httpx2.Client) -> dict[str, Any]:
    """Return a new user."""
    return _create_user(client)


def _create_user(client: httpx2.Client) -> dict[str, Any]:
    number = next(_numbers)
    user = {"name": f"User {number}", "email": f"user{number}@example.org"}
    response = client.post("/users", json=user)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def _create_post(client: httpx2.Client, author_id: int, title: str = "A title") -> dict[str, Any]:
    post = {"author_id": author_id, "title": title, "body": f"Body of {title}"}
    response = client.post("/posts", json=post)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def test_user_is_created_shown_changed_and_deleted(client: httpx2.Client) -> None:
    """The whole life of a user."""
    created = client.post("/users", json={"name": " Ada ", "email": "ada@example.org"})
    location = created.headers["Location"]
    assert created.json()["name"] == "Ada"
    assert client.get(location).json() == {**created.json(), "posts": []}
    changed = client.patch(location, json={"name": "Ada Lovelace"})
    assert changed.json() == {**created.json(), "name": "Ada Lovelace"}
    assert client.delete(location).status_code == 204
    assert client.get(location).status_code == 404
    assert client.delete(location).status_code == 404
    assert client.patch(location, json={"name": "Nobody"}).status_code == 404


def test_address_that_is_taken_is_a_conflict(client: httpx2.Client, user: dict[str, Any]) -> None:
    """In any case of letters, when creating and when changing."""
    taken = user["email"].upper()
    assert client.post("/users", json={"name": "Eve", "email": taken}).status_code == 409
    other = _create_user(client)
    response = client.patch(f"/users/{other['id']}", json={"email": taken})
    assert response.status_code == 409
    assert response.json()["error"] == "Another user has this email address"


def test_post_is_created_shown_changed_and_deleted(
    client: httpx2.Client, user: dict[str, Any]
) -> None:
    """Every read follows the write before it, cached or not, whichever worker answers."""
    created = _create_post(client, user["id"])
    path = f"/posts/{created['id']}"
    for version in range(5):
        changed = client.patch(path, json={"title": f"Version {version}"})
        assert changed.status_code == 200
        for _ in range(3):
            assert client.get(path).json() == changed.json()
            assert client.get("/posts", params={"limit": 1}).json()["items"] == [changed.json()]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    newest = client.get("/posts", params={"limit": 1}).json()["items"]
    assert created["id"] not in [post["id"] for post in newest]


def test_post_without_an_author_names_the_field(client: httpx2.Client) -> None:
    """It is the request that is wrong, not the service."""
    post = {"author_id": 2**62, "title": "A title", "body": "A body"}
    response = client.post("/posts", json=post)
    assert response.status_code == 422
    assert response.json()["details"][0]["loc"] == ["body", "author_id"]


def test_user_shows_the_newest_ten_posts(client: httpx2.Client, user: dict[str, Any]) -> None:
    """However many there are."""
    ids = [_create_post(client, user["id"])["id"] for _ in range(12)]
    shown = client.get(f"/users/{user['id']}").json()["posts"]
    assert [post["id"] for post in shown] == ids[:1:-1]


def test_page_of_users_follows_every_change_that_it_shows(client: httpx2.Client) -> None:
    """At once, whichever worker answers: of a user, of a post, and what comes and goes."""
    user = _create_user(client)
    after = {"cursor": encode_id(user["id"] - 1)} if user["id"] > 1 else {}

    def shown() -> list[tuple[str, list[str]]]:
        pages = [client.get("/users", params=after).json()["items"] for _ in range(5)]
        assert pages == [pages[0]] * 5
        return [(each["name"], [post["title"] for post in each["posts"]]) for each in pages[0]]

    assert shown() == [(user["name"], [])]
    client.patch(f"/users/{user['id']}", json={"name": "Renamed"})
    assert shown() == [("Renamed", [])]
    post = _create_post(client, user["id"])
    assert shown() == [("Renamed", ["A title"])]
    client.patch(f"/posts/{post['id']}", json={"title": "Another"})
    assert shown() == [("Renamed", ["Another"])]
    client.delete(f"/posts/{post['id']}")
    assert shown() == [("Renamed", [])]
    other = _create_user(client)
    assert shown() == [("Renamed", []), (other["name"], [])]
    client.delete(f"/users/{user['id']}")
    assert shown() == [(other["name"], [])]


def test_user_with_posts_says_what_was_stored(client: httpx2.Client) -> None:
    """PostgreSQL makes this JSON: texts come through, and times look as everywhere."""
    hostile = ['"}', '","posts":', 'a\\"b\u2028\u0001\t\U0001f600', "</script>"]
    user = client.post("/users", json={"name": hostile[1], "email": "json@example.org"}).json()
    posts = [_create_post(client, user["id"], title) for title in hostile]
    shown = client.get(f"/users/{user['id']}").json()
    members = ("id", "title", "created_at")
    titles = [{name: post[name] for name in members} for post in posts[::-1]]
    assert shown == {**user, "posts": titles}
    assert list(UserWithPosts.model_validate(shown).model_dump()) == list(shown)
    listed = client.get("/users", params={"cursor": encode_id(user["id"] - 1), "limit": 1}).json()
    assert listed == {"items": [shown], "next_cursor": None}


def test_pages_of_posts_are_the_json_of_their_models(
    client: httpx2.Client, user: dict[str, Any]
) -> None:
    """Byte for byte, although no model makes them; a match among others and the last page too."""
    for title in ('"}', '","body":', 'a\\"b\u2028\u0001\t\U0001f600', "</script>"):
        _create_post(client, user["id"], f"wombat {title}")
    for path, model, found in (
        ("/posts?limit=3", Page[Post], 3),
        ("/posts/search?q=wombat&limit=3", Page[FoundPost], 3),
        ("/posts/search?q=wombat", Page[FoundPost], 4),
        ("/posts/search?q=nothing-like-it", Page[FoundPost], 0),
    ):
        content = client.get(path).content
        page = model.model_validate_json(content)
        assert page.model_dump_json().encode() == content
        assert (len(page.items), page.next_cursor is None) == (found, found != 3)


def test_posts_go_with_their_author(client: httpx2.Client, user: dict[str, Any]) -> None:
    """Out of the cache as well."""
    post = _create_post(client, user["id"])
    path = f"/posts/{post['id']}"
    assert client.get(path).status_code == 200
    client.delete(f"/users/{user['id']}")
    assert client.get(path).status_code == 404


def test_search_finds_words_in_any_form_best_match_first(
    client: httpx2.Client, user: dict[str, Any]
) -> None:
    """A match in the title is better than one in the body; pages follow on each other."""
    in_body = _create_post(client, user["id"], "Nothing")
    client.patch(f"/posts/{in_body['id']}", json={"body": "the quokka burns"})
    in_title = _create_post(client, user["id"], "Quokkas burning")
    found, cursor = [], None
    for _ in range(3):
        parameters = {"q": "quokka burn", "limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/posts/search", params=parameters).json()
        found += [post["id"] for post in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == [in_title["id"], in_body["id"]]


@pytest.mark.parametrize(
    "query", ["'", '"', "((", "a & | b", "-", "\\", "%", "or or", "\U0001f600"]
)
def test_search_takes_whatever_people_type(client: httpx2.Client, query: str) -> None:
    """There is no wrong query."""
    assert client.get("/posts/search", params={"q": query}).status_code == 200


@pytest.mark.parametrize("path", ["/users", "/posts", "/posts/search?q=a"])
@pytest.mark.parametrize("cursor", ["x", "aQAAAAAAAAAA", "%00", "a" * 64, "%ff"])
def test_wrong_cursor_is_a_validation_error(client: httpx2.Client, path: str, cursor: str) -> None:
    """In the one shape."""
    response = client.get(f"{path}{'&' if '?' in path else '?'}cursor={cursor}")
    assert response.status_code == 422
    assert response.json()["error"] == "Validation error"


@pytest.mark.parametrize(
    ("query", "status"), [("%00", 422), ("%ff", 200), ("", 422), ("a" * 201, 422)]
)
def test_search_text_the_database_cannot_take_is_no_server_error(
    client: httpx2.Client, query: str, status: int
) -> None:
    """NUL above all."""
    assert client.get(f"/posts/search?q={query}").status_code == status


def test_request_id_is_in_header_body_and_log(api: ApiServer, client: httpx2.Client) -> None:
    """What a user quotes is found."""
    response = client.get("/posts/999999999", headers={"X-Request-ID": "quote-me-1"})
    assert response.headers["X-Request-ID"] == "quote-me-1"
    assert response.json()["request_id"] == "quote-me-1"

    def written() -> list[dict[str, Any]]:
        return [line for line in api.log_lines() if line.get("request_id") == "quote-me-1"]

    lines = wait_until(written, "the line")
    assert [(line["status_code"], line["route"]) for line in lines] == [(404, "/posts/{post_id}")]
    assert lines[0]["trace_id"] == response.json()["trace_id"]
