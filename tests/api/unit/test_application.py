"""The application as it is wired: its documentation, and what settings turn on and off."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.main import create_app
from api.settings import DocsSettings, FaultSettings, RateLimitSettings, Settings

_BODY_METHODS = {"post", "patch", "put"}


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Return a client of the whole application, not started: no server is asked anything."""
    return TestClient(create_app(Settings()))


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    """Return the OpenAPI document."""
    answer: dict[str, Any] = client.get("/openapi.json").json()
    return answer


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _schema(response: dict[str, Any]) -> str:
    reference: str = response["content"]["application/json"]["schema"]["$ref"]
    return reference.rpartition("/")[2]


def test_every_error_in_the_document_has_the_one_shape(document: dict[str, Any]) -> None:
    """FastAPI's own shape of a 422 is nowhere."""
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, method, operation in _operations(document):
        for status, response in operation["responses"].items():
            if status == "422":
                assert _schema(response) == "ValidationErrorBody", (path, method)
            elif int(status) >= 400:
                assert _schema(response) in ("ErrorBody", "NotReady"), (path, method)


def test_document_names_the_errors_that_can_happen(document: dict[str, Any]) -> None:
    """Limits everywhere but on the probes; a body can be too large; the database can be down."""
    for path, method, operation in _operations(document):
        statuses = operation["responses"].keys()
        if not path.startswith("/health"):
            assert {"429", "500"} <= statuses, (path, method)
        if method in _BODY_METHODS:
            assert {"413", "422"} <= statuses, (path, method)
        if path.startswith(("/users", "/posts")):
            assert "503" in statuses, (path, method)
        if "{" in path:
            assert "404" in statuses, (path, method)


def test_operations_have_short_unique_ids_and_a_summary(document: dict[str, Any]) -> None:
    """What a generated client's functions are called."""
    ids = [operation["operationId"] for _, _, operation in _operations(document)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z_]+", each) for each in ids)
    assert all(operation["description"] for _, _, operation in _operations(document))


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_docs_need_nothing_from_elsewhere(client: TestClient, path: str) -> None:
    """Everything a page names is served here, and its policy lets nothing else in."""
    page = client.get(path)
    assert page.status_code == 200
    named = re.findall(r'(?:src|href|spec-url)="([^"]+)"', page.text)
    assert len(named) >= 3
    assert "://" not in page.text
    for address in named:
        assert client.get(address).status_code == 200, address
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "<script>" not in page.text
    assert "<style" not in page.text


def test_docs_are_behind_a_prefix_as_well() -> None:
    """Where a proxy serves the service under a path of its own."""
    client = TestClient(create_app(Settings()), root_path="/api")
    page = client.get("/api/docs")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) >= 3
    for address in addresses:
        assert address.startswith("/api/")
        assert client.get(address).status_code == 200, address


def test_docs_can_be_switched_off() -> None:
    """The document itself too."""
    client = TestClient(create_app(Settings(docs=DocsSettings(enabled=False))))
    for path in ("/docs", "/redoc", "/openapi.json", "/docs/assets/swagger/swagger-ui.css"):
        assert client.get(path).status_code == 404


def test_faults_are_not_there_unless_asked_for(client: TestClient) -> None:
    """Neither the routes nor a word about them."""
    assert client.get("/faults/slow").status_code == 404
    assert "/faults" not in client.get("/openapi.json").text
    enabled = TestClient(create_app(Settings(faults=FaultSettings(enabled=True))))
    assert enabled.get("/faults/slow", params={"seconds": 0.01}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("OPTIONS", "/users", 405), ("GET", "/health/live", 200), ("POST", "/users", 422)],
)
def test_page_of_another_site_is_given_no_leave(
    client: TestClient, method: str, path: str, status: int
) -> None:
    """A browser that asks first is refused, and no answer says that the page may read it."""
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = client.request(method, path, headers=headers)
    assert answer.status_code == status
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/users/", "/posts/1/", "/docs/"])
def test_slash_at_the_end_is_no_redirect(client: TestClient, path: str) -> None:
    """Its address would be made of the Host header."""
    assert client.get(path, follow_redirects=False).status_code == 404


def test_database_that_is_not_there_is_503_and_counted() -> None:
    """The SLI of the pool must not miss a whole outage."""
    client = TestClient(create_app(Settings(rate_limit=RateLimitSettings(per_minute=10))))
    response = client.get("/users")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    metrics = client.get("/metrics").text
    assert 'pool_acquire_total{outcome="error",pool="postgres"} 1.0' in metrics
