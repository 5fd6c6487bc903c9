"""Every error has one shape, whatever the request held."""

import json
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from api.errors import Conflict, DependencyUnavailable, InvalidInput, NotFound
from api.posts.schemas import NewPost
from api.web.errors import error_response
from api.web.text import STORABLE
from tests.api.unit.apps import make_client

router = APIRouter()

_RAISED: dict[str, Exception] = {
    "not-found": NotFound("No such thing"),
    "conflict": Conflict("Taken"),
    "invalid": InvalidInput(("query", "cursor"), "Not a cursor"),
    "unavailable": DependencyUnavailable("postgres", retry_after_seconds=3),
    "teapot": HTTPException(418),
    "bug": RuntimeError("a secret in a message"),
}


class Numbers(BaseModel):
    """A body with something of everything."""

    model_config = ConfigDict(extra="forbid")

    number: float = Field(allow_inf_nan=False)
    count: int = Field(default=1, le=10)
    names: list[Annotated[str, STORABLE]] = []


@router.get("/raise/{what}")
async def raise_it(what: str) -> None:
    """Raise one of the service's exceptions."""
    raise _RAISED[what]


@router.post("/numbers")
async def take_numbers(numbers: Numbers) -> Numbers:
    """Take a body."""
    return numbers


@router.post("/posts")
async def take_post(post: NewPost) -> NewPost:
    """Take a body as the service does."""
    return post


@router.get("/query")
async def take_query(limit: Annotated[int, Query(le=10)] = 1) -> int:
    """Take a parameter."""
    return limit


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Return a client of the routes above."""
    return make_client(router)


@pytest.mark.parametrize(
    ("what", "status", "error"),
    [
        ("not-found", 404, "No such thing"),
        ("conflict", 409, "Taken"),
        ("invalid", 422, "Validation error"),
        ("unavailable", 503, "postgres is unavailable"),
        ("teapot", 418, "I'm a Teapot"),
        ("bug", 500, "Internal Server Error"),
    ],
)
def test_exception_becomes_its_status_in_the_one_shape(
    client: TestClient, what: str, status: int, error: str
) -> None:
    """And an unexpected one tells the client nothing."""
    response = client.get(f"/raise/{what}")
    body = response.json()
    assert response.status_code == status
    assert body["error"] == error
    assert body["path"] == f"/raise/{what}"
    assert {"request_id", "trace_id"} <= body.keys()
    assert "secret" not in response.text


def test_unavailable_says_when_to_try_again(client: TestClient) -> None:
    """A client that waits helps a service that is short of something."""
    assert client.get("/raise/unavailable").headers["Retry-After"] == "3"


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/nowhere", 404, "Not Found"),
        ("GET", "/nowhere/%00%0a%1b[31m", 404, "Not Found"),
        ("GET", "/nowhere/%ed%a0%80", 404, "Not Found"),
        ("DELETE", "/numbers", 405, "Method Not Allowed"),
    ],
)
def test_routing_errors_have_the_shape_too(
    client: TestClient, method: str, path: str, status: int, error: str
) -> None:
    """No answer comes from the framework's own page."""
    response = client.request(method, path)
    assert response.status_code == status
    assert response.json()["error"] == error


def test_method_not_allowed_says_which_are(client: TestClient) -> None:
    """Headers of the framework's errors survive."""
    assert client.delete("/numbers").headers["Allow"] == "POST"


_CANARY = "canary-7f3a"

CORPUS = {
    "not json": b"{" + _CANARY.encode(),
    "empty": b"",
    "null": b"null",
    "a list": b'["canary-7f3a"]',
    "wrong type": b'{"number": "canary-7f3a"}',
    "not a number": b'{"number": NaN}',
    "infinity": b'{"number": -Infinity}',
    "overflow": b'{"number": 1e999}',
    "too large": b'{"number": 1, "count": 11}',
    "huge integer": b'{"number": 1, "count": ' + b"9" * 4_000 + b"}",
    "integer beyond the parser": b'{"number": ' + b"9" * 5_000 + b"}",
    "lone surrogate in a value": b'{"number": "\\ud800canary-7f3a"}',
    "lone surrogate in a name": b'{"number": 1, "\\udfffcanary-7f3a": 2}',
    "lone surrogate in a string": b'{"number": 1, "names": ["\\ud800"]}',
    "unknown name": b'{"number": 1, "canary-7f3a": 2}',
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"number":' * 50_000 + b"1" + b"}" * 50_000,
    "invalid UTF-8": b'{"number": "\xff\xfecanary-7f3a"}',
    "overlong UTF-8": b'{"number": "\xc0\xaf"}',
    "UTF-16": '{"number": "canary-7f3a"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"number": "canary-7f3a"}',
    "many mistakes": b'{"number": 1, "names": [' + b"1," * 10_000 + b"1]}",
}


@pytest.mark.parametrize("body", CORPUS.values(), ids=CORPUS.keys())
def test_poison_in_a_body_is_a_validation_error_that_repeats_nothing(
    client: TestClient, body: bytes
) -> None:
    """Not a 500, not an echo, not an answer as long as the question."""
    response = client.post("/numbers", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    answer = json.loads(response.content, parse_constant=_refuse)
    assert answer["error"] == "Validation error"
    assert answer["path"] == "/numbers"
    assert 1 <= len(answer["details"]) <= 20
    for detail in answer["details"]:
        assert detail.keys() == {"loc", "msg", "type"}
    assert _CANARY not in response.text
    assert len(response.content) < 4_000


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_body_of_another_type_is_a_validation_error(client: TestClient, content_type: str) -> None:
    """A form posted from another site is not taken for JSON."""
    headers = {"Content-Type": content_type}
    response = client.post("/numbers", content=b'{"number": 1}', headers=headers)
    assert response.status_code == 422


@pytest.mark.parametrize(
    "limit", ["canary-7f3a", "11", "9" * 5_000, "1\x00", "%ff", "\ud83d\ude00"]
)
def test_poison_in_a_query_is_a_validation_error(client: TestClient, limit: str) -> None:
    """The same for parameters."""
    response = client.get("/query", params={"limit": limit.encode("utf-8", "surrogatepass")})
    assert response.status_code == 422
    assert response.json()["details"][0]["loc"] == ["query", "limit"]
    assert _CANARY not in response.text


@pytest.mark.parametrize(
    "change",
    [
        {"title": "nul \x00"},
        {"body": "\x00"},
        {"title": "   "},
        {"title": "x" * 201},
        {"author_id": 2**63},
        {"author_id": 0},
        {"author_id": True},
        {"extra": 1},
    ],
)
def test_what_the_database_would_choke_on_is_refused_before(
    client: TestClient, change: dict[str, Any]
) -> None:
    """NUL and numbers beyond 64 bits would be errors of the server there."""
    post = {"author_id": 1, "title": "A title", "body": "A body", **change}
    assert client.post("/posts", json=post).status_code == 422


def test_path_that_cannot_be_encoded_is_escaped() -> None:
    """What a server hands on of a path need not be text that UTF-8 can carry."""
    response = error_response({"path": "/\udcff"}, 404, "Not Found")
    assert json.loads(bytes(response.body))["path"] == "/\udcff"


def test_long_path_is_cut(client: TestClient) -> None:
    """An answer need not be as long as the question."""
    assert len(client.get("/" + "x" * 50_000).json()["path"]) == 1_000


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
