"""The label `endpoint` is the full template, whatever the application is put together from."""

import asyncio
import logging

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Message, Scope

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
        ("/v1/items/7/", "/v1/items/{item}", "307"),
        ("/tenants/acme/files/a/", "/tenants/{tenant}/{path}", "307"),
        ("/docs", "/docs", "200"),
        ("/openapi.json", "/openapi.json", "200"),
    ],
)
def test_endpoint_is_the_full_template(
    composed: FastAPI, registry: CollectorRegistry, path: str, endpoint: str, status: str
) -> None:
    """Prefixes of routers and mounts are part of the label, path parameters are not filled in."""
    with TestClient(composed) as client:
        client.get(path, follow_redirects=False)
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


HOSTILE_METHODS = ("GET", "POST", "BREW", "get", "G\u00cbT", "X" * 1000, "__proto__", "{method}")
HOSTILE_PATHS = (
    "/{}", "/{}/x%0a", "/v1/items/{}", "/v1/items/{}/", "/v2/items/{}/more", "/tenants/{}/files/a",
    "/tenants/acme/{}", "/v1//items/{}", "//{}", "/../{}", "/docs/{}", "/\u202e{}",
    "/{}" + "x" * 2000,
)  # fmt: skip


async def send_hostile(app: FastAPI, count: int) -> None:
    """Send requests that all differ, past the client library, which would refuse many."""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Message) -> None:
        """Throw the answer away."""

    for number in range(count):
        path = HOSTILE_PATHS[number % len(HOSTILE_PATHS)].format(f'{number}{{x}}\0"')
        method = HOSTILE_METHODS[number // 7 % len(HOSTILE_METHODS)]
        scope: Scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "headers": [],
            "method": method + str(number) if number % 3 == 0 else method, "path": path,
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
            "client": None, "server": None,
        }  # fmt: skip
        await app(scope, receive, send)


def test_hostile_urls_and_methods_add_no_series(
    composed: FastAPI, registry: CollectorRegistry
) -> None:
    """What 200 of them touch is all that 20,000 do: label values are closed sets."""
    logging.disable()  # 20,000 lines are not what is tested
    try:
        asyncio.run(send_hostile(composed, 200))
        before = {(s.name, *s.labels.items()) for f in registry.collect() for s in f.samples}
        asyncio.run(send_hostile(composed, 20_000))
    finally:
        logging.disable(logging.NOTSET)
    after = {(s.name, *s.labels.items()) for f in registry.collect() for s in f.samples}
    assert after - before == set()
    requests = sum(
        sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "http_requests_total"
    )
    assert requests == 20_200


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
    """`increase()` does not see a first sample, so one series of every route is there at 0."""
    with TestClient(composed):
        pass
    labels = {"method": "GET", "endpoint": "/v1/items/{item}", "status": "500"}
    assert registry.get_sample_value("http_requests_total", labels) == 0


@pytest.mark.parametrize("has_series", [True, False])
def test_a_route_without_requests_has_one_series_or_none(*, has_series: bool) -> None:
    """No grid of statuses and no histogram before its first event, of small applications too."""
    app, registry = FastAPI(), CollectorRegistry()
    app.add_api_route("/orders", lambda: None, methods=["GET", "POST"])
    instrument(app, service="shop", registry=registry, expected_series=has_series)
    with TestClient(app):
        pass
    samples = [sample for family in registry.collect() for sample in family.samples]
    found = [each.labels for each in samples if each.labels.get("endpoint") == "/orders"]
    expected = [{"endpoint": "/orders", "method": m, "status": "500"} for m in ("GET", "POST")]
    assert found == (expected if has_series else [])


@pytest.mark.parametrize("routes", [256, 2_000])
def test_a_fresh_application_with_many_routes_has_few_series(app: FastAPI, routes: int) -> None:
    """No histogram before its first event, and no more zeros than a scrape can carry."""
    for number in range(routes):
        app.add_api_route(f"/route/{number}/{{item}}", lambda item: item)
    with TestClient(app) as client:
        lines = client.get("/metrics").text.splitlines()
    assert sum(not line.startswith("#") for line in lines) <= 1_500
    assert not [line for line in lines if line.startswith("http_request_duration_seconds_bucket")]
    failures = [line for line in lines if line.startswith("http_requests_total")]
    assert any('endpoint="/route/7/{item}"' in line and 'status="500"' in line for line in failures)


def test_mount_may_name_a_parameter_as_its_route_does(
    app: FastAPI, registry: CollectorRegistry
) -> None:
    """Starlette allows it; it hides neither that route nor any other."""
    mounted = FastAPI()
    mounted.add_api_route("/items/{item}", read)
    app.mount("/shops/{item}", mounted)
    app.add_api_route("/plain", lambda: "plain")
    with TestClient(app) as client:
        assert [client.get(path).status_code for path in ("/shops/a/items/b", "/plain")] == [
            200
        ] * 2
    assert count(registry, "/shops/{item}/items/{item}", "200") == 1
    assert count(registry, "/plain", "200") == 1


class Foreign(Route):
    """A route of somebody's own whose path nothing here can read."""

    def __init__(self, path: object) -> None:
        super().__init__("/foreign", lambda _: PlainTextResponse("foreign"))
        self.path = path  # type: ignore[assignment]


@pytest.mark.parametrize("path", [7, "/{x:nothing}"])
def test_route_that_cannot_be_read_hides_no_other(
    app: FastAPI, registry: CollectorRegistry, path: object
) -> None:
    """It is called by the path that it has, or `unmatched`."""
    app.router.routes.append(Foreign(path))
    app.add_api_route("/plain", lambda: "plain")
    before = failures(registry)
    with TestClient(app) as client:
        assert client.get("/plain").status_code == 200
    assert count(registry, "/plain", "200") == 1
    assert failures(registry) == before


def failures(registry: CollectorRegistry) -> float | None:
    """Say how often the start has failed in this process, in other tests too."""
    return registry.get_sample_value("telemetry_failures_total", {"part": "start"})
