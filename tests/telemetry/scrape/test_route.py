"""`GET /metrics` answers whatever else the application serves, or it is said why it does not."""

import logging
from collections.abc import Callable

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, make_asgi_app
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route

from burnrate.telemetry import instrument
from tests.telemetry.lines import Lines

LOGGER = "burnrate.telemetry"


def instrumented(app: FastAPI, lines: Lines, metrics_path: str | None = None) -> FastAPI:
    """Instrument an application and capture what it says."""
    instrument(app, service="shop", registry=CollectorRegistry(), metrics_path=metrics_path)
    logging.getLogger().addHandler(lines.handler)
    return app


def add_catch_all(app: FastAPI) -> None:
    app.add_api_route("/{path:path}", lambda path: path)


def add_root_mount(app: FastAPI) -> None:
    app.mount("/", Starlette(routes=[Route("/{path:path}", lambda _: Response("page"))]))


@pytest.mark.parametrize("add", [add_catch_all, add_root_mount])
@pytest.mark.parametrize("is_first", [True, False])
def test_route_that_takes_any_path_gives_way(
    app: FastAPI, lines: Lines, add: Callable[[FastAPI], None], is_first: bool
) -> None:
    """A single-page application or a mount at the root hides no metrics; the rest stays its own."""
    if is_first:
        add(app)
    instrumented(app, lines)
    if not is_first:
        add(app)
    with TestClient(app) as client:
        assert "http_requests_total" in client.get("/metrics").text
        assert "http_requests_total" not in client.get("/other").text
        assert client.get("/other").status_code == 200
    assert lines.of(LOGGER) == []


def add_own_route(app: FastAPI) -> None:
    app.add_api_route("/metrics", lambda: "own")


def test_route_of_the_application_s_own_stays_and_is_said(app: FastAPI, lines: Lines) -> None:
    """What the application answers there is not taken from it; the way out is named."""
    add_own_route(app)
    instrumented(app, lines)
    with TestClient(app) as client:
        assert client.get("/metrics").text == '"own"'
    (line,) = lines.of(LOGGER)
    assert line["level"] == "error"
    assert "metrics_path" in line["message"]


def test_mount_of_prometheus_client_s_own_application_goes_on(app: FastAPI, lines: Lines) -> None:
    """It is at `/metrics/`, to which a scrape of `/metrics` was redirected before."""
    app.mount("/metrics", make_asgi_app(CollectorRegistry()))
    instrumented(app, lines)
    with TestClient(app) as client:
        assert "http_requests_total" in client.get("/metrics").text
        assert "http_requests_total" not in client.get("/metrics/").text
    assert lines.of(LOGGER) == []


def test_another_path_is_chosen_by_argument_or_environment(
    app: FastAPI, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a route of the application's own."""
    add_own_route(app)
    monkeypatch.setenv("TELEMETRY_METRICS_PATH", "/ours")
    instrumented(app, lines)
    other = instrumented(FastAPI(), lines, metrics_path="/internal/metrics")
    with TestClient(app) as client, TestClient(other) as second:
        assert client.get("/metrics").text == '"own"'
        assert "http_requests_total" in client.get("/ours").text
        assert "http_requests_total" in second.get("/internal/metrics").text
    assert lines.of(LOGGER) == []


@pytest.mark.parametrize("path", ["metrics", "/", "/a b", "/{any}", "https://x/metrics"])
def test_strange_path_is_refused(app: FastAPI, path: str) -> None:
    """A bad value stops the start."""
    with pytest.raises(ValidationError):
        instrument(app, service="shop", metrics_path=path)


def test_middleware_that_refuses_the_scrape_is_said_once(app: FastAPI, lines: Lines) -> None:
    """Authentication is found when it happens: nobody can tell beforehand whom it lets in."""

    async def authenticate(request: Request, call_next: RequestResponseEndpoint) -> Response:
        if "authorization" not in request.headers:
            return Response(status_code=401)
        return await call_next(request)

    app.middleware("http")(authenticate)
    instrumented(app, lines)
    with TestClient(app) as client:
        for _ in range(3):
            assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": "x"}).status_code == 200
    (line,) = lines.of(LOGGER)
    assert (line["level"], line["status_code"]) == ("warning", 401)
    assert "metrics_port" in line["message"]


@pytest.mark.parametrize(("hosts", "is_said"), [(["shop.example"], True), (["*"], False)])
def test_trusted_hosts_are_said_at_the_start(
    app: FastAPI, lines: Lines, hosts: list[str], is_said: bool
) -> None:
    """A scraper asks by address, as a rule."""
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    instrumented(app, lines)
    with TestClient(app):
        pass
    assert [line["level"] for line in lines.of(LOGGER)] == ["warning"] * is_said


def test_application_in_a_mount_of_another_has_its_metrics(lines: Lines) -> None:
    """Its route is found by its own table, wherever it is mounted."""
    inner = FastAPI()
    add_catch_all(inner)
    instrumented(inner, lines)
    app = Starlette(routes=[Mount("/inner", app=inner)])
    with TestClient(app) as client:
        assert "http_requests_total" in client.get("/inner/metrics").text
