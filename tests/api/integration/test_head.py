"""HEAD answers what GET answers, without the body."""

import pytest

from tests.servers.api import ApiServer
from tests.servers.front import send_raw

PATHS = (
    "/users", "/posts", "/posts/search?q=x", "/posts/999999999", "/posts/zero", "/users/999999999",
    "/health/live", "/health/ready", "/openapi.json", "/docs", "/redoc", "/metrics", "/nowhere",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_head_answers_what_get_answers(api: ApiServer, path: str) -> None:
    """Its status and its headers, but for what differs between two GETs."""
    with api.client(headers={"Accept-Encoding": "identity"}) as client:
        get, head = client.get(path), client.head(path)
    assert head.status_code == get.status_code
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    if path != "/metrics":
        assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert set(head.headers) == set(get.headers)


def test_head_has_no_body_and_its_own_method_in_the_metrics(api: ApiServer) -> None:
    """The endpoint is that of the GET."""
    with api.client() as client:
        raw = b"HEAD /posts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        head, _, body = send_raw(api.port, raw).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert body == b""
        metrics = client.get("/metrics").text
    assert 'http_requests_total{endpoint="/posts",method="HEAD",status="200"}' in metrics


def test_head_where_there_is_no_get_is_not_allowed(api: ApiServer) -> None:
    """As GET is not."""
    with api.client() as client:
        assert client.head("/process").status_code == client.get("/process").status_code == 405
