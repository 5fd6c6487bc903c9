"""The body limit, compression and the headers that every answer has."""

import gzip
from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from starlette.testclient import TestClient

from api.web.body_limit import BodyLimitMiddleware
from api.web.compression import CompressionMiddleware
from api.web.errors import add_error_handlers
from api.web.headers import SECURITY_HEADERS, SecurityHeadersMiddleware

LARGE = b"word " * 1_000
MAX_BYTES = 1_000


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Return a client of an application with all three."""
    app = FastAPI()
    add_error_handlers(app)
    app.add_middleware(BodyLimitMiddleware, max_bytes=MAX_BYTES)
    app.add_middleware(CompressionMiddleware)
    app.add_middleware(SecurityHeadersMiddleware)

    @app.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    @app.get("/sized/{length}")
    async def sized(length: int) -> Response:
        return Response(LARGE[:length], media_type="text/plain")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield LARGE
            yield b"end"

        return StreamingResponse(parts(), media_type="text/plain")

    @app.get("/encoded")
    async def encoded() -> Response:
        return Response(gzip.compress(LARGE), headers={"Content-Encoding": "gzip"})

    @app.get("/page")
    async def page() -> Response:
        return Response("", headers={"Content-Security-Policy": "default-src 'self'"})

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError

    return TestClient(app, raise_server_exceptions=False)


def _chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 100):
        yield b"x" * 100


def test_body_up_to_the_limit_is_read(client: TestClient) -> None:
    """With an announced length and without."""
    assert client.post("/size", content=b"x" * MAX_BYTES).json() == MAX_BYTES
    assert client.post("/size", content=_chunks(MAX_BYTES)).json() == MAX_BYTES


def test_body_over_the_limit_is_413_and_ends_the_connection(client: TestClient) -> None:
    """An announced one before it is read, any other as soon as it is too much."""
    announced = client.post("/size", content=b"x" * (MAX_BYTES + 1))
    counted = client.post("/size", content=_chunks(MAX_BYTES + 100))
    for response in (announced, counted):
        assert response.status_code == 413
        assert response.json()["error"] == "Content Too Large"
        assert response.headers["Connection"] == "close"


def test_announced_body_is_refused_where_nobody_would_read_it(client: TestClient) -> None:
    """A missing route or the wrong method is no way around the limit."""
    assert client.post("/nowhere", content=b"x" * (MAX_BYTES + 1)).status_code == 413


@pytest.mark.parametrize(("length", "encoding"), [(999, None), (1_000, "gzip")])
def test_compression_begins_at_1000_bytes(
    client: TestClient, length: int, encoding: str | None
) -> None:
    """As asked for."""
    response = client.get(f"/sized/{length}")
    assert response.headers.get("Content-Encoding") == encoding
    assert response.content == LARGE[:length]


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0"])
def test_client_that_takes_no_gzip_gets_none(client: TestClient, accepted: str) -> None:
    """Nor does one that says so by a weight of 0."""
    response = client.get("/sized/2000", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response.headers


def test_stream_is_not_compressed(client: TestClient) -> None:
    """It goes out as it comes."""
    response = client.get("/stream")
    assert "Content-Encoding" not in response.headers
    assert response.content == LARGE + b"end"


def test_encoded_answer_is_not_encoded_twice(client: TestClient) -> None:
    """What comes encoded goes out as it is."""
    response = client.get("/encoded")
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.content == LARGE


@pytest.mark.parametrize("path", ["/sized/10", "/nowhere", "/bug"])
def test_every_answer_has_the_security_headers(client: TestClient, path: str) -> None:
    """The errors too."""
    headers = client.get(path).headers
    assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_answer_keeps_a_policy_of_its_own(client: TestClient) -> None:
    """A page needs another one than JSON."""
    assert client.get("/page").headers["Content-Security-Policy"] == "default-src 'self'"
