"""The label `endpoint` is the full template, whatever the application is put together from."""

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from burnrate.telemetry import instrument

pytestmark = pytest.mark.usefixtures("telemetry")


def count(registry: CollectorRegistry, endpoint: str, status: str, method: str = "GET") -> float:
    labels = {"method": method, "endpoint": endpoint, "status": status}
    return registry.get_sample_value("http_requests_total", labels) or 0.0


def read(item: str) -> str:
    return item


@pytest.fixture
def composed(app: FastAPI) -> FastAPI:
    """Put routers in routers, a sub-application under a prefix, one function on two routes."""
    inner = APIRouter(prefix="/items")
    inner.add_api_route("/{item}", read)
    outer = APIRouter(prefix="/v1")
    outer.include_router(inner)
    app.include_router(outer)
    app.include_router(inner, prefix="/v2")
    mounted = FastAPI()
    mounted.add_api_route("/files/{item}", lambda item: item)
    app.mount("/tenants/{tenant}", mounted)
    return app


@pytest.mark.parametrize(
    ("path", "endpoint", "status"),
    [
        ("/v1/items/7", "/v1/items/{item}", "200"),
        ("/v2/items/7", "/v2/items/{item}", "200"),
        ("/tenants/acme/files/a", "/tenants/{tenant}/files/{item}", "200"),
        ("/tenants/acme/nothing", "/tenants/{tenant}/{path}", "404"),
        ("/nothing/here", "unmatched", "404"),
        ("/docs", "/docs", "200"),
        ("/openapi.json", "/openapi.json", "200"),
    ],
)
def test_endpoint_is_the_full_template(
    composed: FastAPI, registry: CollectorRegistry, path: str, endpoint: str, status: str
) -> None:
    """Prefixes of routers and mounts are part of the label, path parameters are not filled in."""
    with TestClient(composed) as client:
        client.get(path)
    assert count(registry, endpoint, status) == 1


def test_wrong_method_stays_in_the_closed_sets(
    composed: FastAPI, registry: CollectorRegistry
) -> None:
    """A 405 has its route's template; a made-up method becomes OTHER."""
    with TestClient(composed) as client:
        client.request("DELETE", "/v1/items/7")
        client.request("BREW", "/v1/items/7")
    assert count(registry, "/v1/items/{item}", "405", "DELETE") == 1
    assert count(registry, "/v1/items/{item}", "405", "OTHER") == 1


def test_random_paths_add_no_series(composed: FastAPI, registry: CollectorRegistry) -> None:
    """Two thousand paths that nobody serves are one series."""
    with TestClient(composed) as client:
        client.get("/first")
        before = sum(1 for family in registry.collect() for _ in family.samples)
        for number in range(2_000):
            client.get(f"/{number}/x%0a{number}")
    assert sum(1 for family in registry.collect() for _ in family.samples) == before
    assert count(registry, "unmatched", "404") == 2_001


def test_route_added_after_the_start_is_found(
    composed: FastAPI, registry: CollectorRegistry
) -> None:
    """A route that did not exist when the table was made is still named."""
    with TestClient(composed) as client:
        client.get("/v1/items/7")
        composed.add_api_route("/late/{item}", lambda item: item)
        client.get("/late/1")
    assert count(registry, "/late/{item}", "200") == 1


def test_root_path_of_a_proxy_is_not_part_of_the_template(
    composed: FastAPI, registry: CollectorRegistry
) -> None:
    """Behind a prefix that the proxy keeps, one function on two routes is still told apart."""
    with TestClient(composed, root_path="/proxy") as client:
        client.get("/proxy/v2/items/7")
    assert count(registry, "/v2/items/{item}", "200") == 1


def test_plain_starlette_is_served_too() -> None:
    """Nothing here needs FastAPI."""
    registry = CollectorRegistry()

    async def hello(request: Request) -> Response:
        return PlainTextResponse(request.path_params["name"])

    app = Starlette(routes=[Mount("/greet", routes=[Route("/{name}", hello)])])
    instrument(app, service="plain", registry=registry)
    with TestClient(app) as client:
        assert client.get("/greet/you").text == "you"
        assert "http_requests_total" in client.get("/metrics").text
    assert count(registry, "/greet/{name}", "200") == 1


def test_error_series_exist_before_the_first_error(
    composed: FastAPI, registry: CollectorRegistry
) -> None:
    """`rate()` does not see a first sample, so every route's 5xx is there at 0."""
    with TestClient(composed):
        pass
    labels = {"method": "GET", "endpoint": "/v1/items/{item}", "status": "503"}
    assert registry.get_sample_value("http_requests_total", labels) == 0
