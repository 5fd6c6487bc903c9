"""Two applications shaped like public ones, instrumented in three lines.

fastapi/full-stack-fastapi-template: routers in a router under a prefix, ids of operations made from
tags, CORS, a static frontend at the root. mealie-recipes/mealie: gzip, sessions, handlers of
validation errors, routers whose routes are changed afterwards, and its pages mounted at the root.
"""

import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import Scope

from burnrate.telemetry import instrument
from tests.support.samples import read_samples
from tests.telemetry.lines import Lines

Counts = Counter[tuple[str, str, str]]


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Build a frontend."""
    (tmp_path / "index.html").write_text("<title>here</title>")
    (tmp_path / "app.js").write_text("1")
    return tmp_path


def full_stack_template(pages: Path) -> FastAPI:
    def operation_id(route: APIRoute) -> str:
        return f"{route.tags[0]}-{route.name}"

    items = APIRouter(prefix="/items", tags=["items"])

    def current_user(request: Request) -> str:
        if "authorization" not in request.headers:
            raise HTTPException(401)
        return "user"

    @items.get("/{id}")
    def read_item(id: int, user: Annotated[str, Depends(current_user)]) -> str:  # noqa: A002 - as there
        return f"{user} {id}"

    @items.post("/")
    def create_item(title: str) -> str:
        raise RuntimeError(title)

    api = APIRouter()
    api.include_router(items)
    app = FastAPI(openapi_url="/api/v1/openapi.json", generate_unique_id_function=operation_id)
    app.add_middleware(
        CORSMiddleware, allow_origins=["https://dash.example"], allow_credentials=True,
        allow_methods=["*"], allow_headers=["*"],
    )  # fmt: skip
    app.include_router(api, prefix="/api/v1")
    app.frontend("/", directory=pages)
    return app


class SPAStaticFiles(StaticFiles):
    """Answers what it has not with the page itself."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            return await super().get_response(path, scope)
        except StarletteHTTPException as error:
            if error.status_code != 404:
                raise
            return await super().get_response("index.html", scope)


def mealie(pages: Path) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        logging.getLogger("mealie").info("-----SYSTEM STARTUP-----")
        yield

    app = FastAPI(title="Mealie", lifespan=lifespan)
    app.add_middleware(GZipMiddleware, minimum_size=1000)

    @app.exception_handler(RequestValidationError)
    async def explain(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"message": str(error)}, status_code=422)

    recipes = APIRouter(prefix="/api/recipes", tags=["Recipe", "Recipe"])

    @recipes.get("/{slug}")
    def read_recipe(slug: str) -> str:
        return slug * 1000

    app.include_router(recipes)
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.tags = list(set(route.tags))
    app.mount("/", SPAStaticFiles(directory=pages, html=True), name="spa")
    return app


def counts(client: TestClient) -> Counts:
    """Scrape what was counted."""
    found: Counts = Counter()
    for (name, labels), value in read_samples(client.get("/metrics").text).items():
        of = dict(labels)
        if name == "http_requests_total" and value:
            found[of["method"], of["endpoint"], of["status"]] = int(value)
    return found


def test_full_stack_template_is_measured_as_it_is(
    pages: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a preflight, a refusal by a dependency, and the frontend; its schema still builds."""
    monkeypatch.setenv("TELEMETRY_SLOW_REQUEST_SECONDS", "600")  # on a busy machine nothing is slow
    app = full_stack_template(pages)
    instrument(app, service="template", version="1.0")
    logging.getLogger().addHandler(lines.handler)
    preflight = {"Origin": "https://dash.example", "Access-Control-Request-Method": "POST"}
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/api/v1/items/7", headers={"Authorization": "x"}).text == '"user 7"'
        assert client.get("/api/v1/items/7").status_code == 401
        assert client.post("/api/v1/items/", params={"title": "broken"}).status_code == 500
        assert client.options("/api/v1/items/", headers=preflight).status_code == 200
        assert client.get("/app.js").text == "1"
        assert client.get("/settings", headers={"Accept": "text/html"}).text.startswith("<title>")
        assert client.get("/api/v1/openapi.json").json()["paths"].keys() >= {"/api/v1/items/{id}"}
        found = counts(client)
    assert found == {
        ("GET", "/api/v1/items/{id}", "200"): 1,
        ("GET", "/api/v1/items/{id}", "401"): 1,
        ("POST", "/api/v1/items/", "500"): 1,
        ("OPTIONS", "/api/v1/items/", "200"): 1,
        ("GET", "/{path}", "200"): 2,
        ("GET", "/api/v1/openapi.json", "200"): 1,
    }
    requests = lines.of("burnrate.request")
    assert len(requests) == sum(found.values())
    assert [line["exception_message"] for line in requests if line["level"] == "error"] == [
        "broken"
    ]
    assert lines.of("burnrate.telemetry") == []


def test_mealie_is_measured_as_it_is(pages: Path, lines: Lines) -> None:
    """Its pages take every path but the metrics'; its own log lines come out like ours."""
    app = mealie(pages)
    instrument(app, service="mealie", version="3.0")
    logging.getLogger().addHandler(lines.handler)
    with TestClient(app) as client:
        answer = client.get("/api/recipes/stew")
        assert (len(answer.text), answer.headers["content-encoding"]) == (4002, "gzip")
        assert client.get("/g/home/r/stew").text.startswith("<title>")
        assert client.post("/api/recipes/stew").status_code == 405
        found = counts(client)
    assert found == {
        ("GET", "/api/recipes/{slug}", "200"): 1,
        ("GET", "/{path}", "200"): 1,
        ("POST", "/{path}", "405"): 1,  # the mount takes what the route's methods leave
    }
    assert [line["message"] for line in lines.of("mealie")] == ["-----SYSTEM STARTUP-----"]
    assert lines.of("burnrate.telemetry") == []
