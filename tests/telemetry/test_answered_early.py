"""`unmatched` is for what no route took, also where a request was kept from its route."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from burnrate.telemetry import instrument
from tests.telemetry.asgi import call, http_scope
from tests.telemetry.lines import Lines
from tests.telemetry.test_endpoints import count

pytestmark = pytest.mark.usefixtures("telemetry")


def read(item: str) -> str:
    return item


def write(item: str) -> str:
    return item


async def hello(_: Request) -> Response:
    return PlainTextResponse("hello")


class Copying:
    """Passes on a copy of the scope, as some middlewares do."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(dict(scope), receive, send)


class Stripping(Copying):
    """Strips a prefix from the path, in a copy."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix("/public")
        await self.app({**scope, "path": path}, receive, send)


class Opaque(Copying):
    """Does not show what it wraps, and passes on a copy."""

    def __init__(self, app: ASGIApp) -> None:
        self._hidden = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._hidden(dict(scope), receive, send)


@pytest.mark.parametrize("middlewares", [[Copying], [Copying, GZipMiddleware, Copying]])
@pytest.mark.parametrize(
    ("path", "endpoint", "status"),
    [
        ("/items/7", "/items/{item}", "200"),
        ("/tenants/acme/files/a", "/tenants/{tenant}/files/{item}", "200"),
        ("/tenants/acme/nothing", "/tenants/{tenant}/{path}", "404"),
        ("/nothing", "unmatched", "404"),
    ],
)
def test_copied_scope_keeps_its_route(
    app: FastAPI,
    registry: CollectorRegistry,
    middlewares: list[Callable[[ASGIApp], ASGIApp]],
    path: str,
    endpoint: str,
    status: str,
) -> None:
    """The route is written into the copy."""
    app.add_api_route("/items/{item}", read)
    mounted = FastAPI()
    mounted.add_api_route("/files/{item}", lambda item: item)
    app.mount("/tenants/{tenant}", mounted)
    for middleware in middlewares:
        app.add_middleware(middleware)
    asyncio.run(call(app, http_scope(path)))
    assert count(registry, endpoint, status) == 1


def test_path_that_a_middleware_rewrites_is_looked_up_as_its_router_sees_it(
    app: FastAPI, registry: CollectorRegistry
) -> None:
    """One function on two routes is told apart by the path behind the middleware."""
    app.add_api_route("/a/{item}", read)
    app.add_api_route("/b/{item}", read)
    app.add_middleware(Stripping)
    asyncio.run(call(app, http_scope("/public/b/7")))
    assert count(registry, "/b/{item}", "200") == 1


@pytest.mark.parametrize(
    ("wrapper", "endpoint"),
    [(Copying, "/admin/users/{item}"), (Opaque, "/admin/{path}")],
)
def test_mounted_application_inside_a_middleware_is_looked_into(
    app: FastAPI, registry: CollectorRegistry, wrapper: type[Copying], endpoint: str
) -> None:
    """As far as it can be: else the mount has taken it."""
    admin = FastAPI()
    admin.add_api_route("/users/{item}", read)
    app.mount("/admin", wrapper(admin))
    app.add_api_route("/{path:path}", lambda path: path)
    asyncio.run(call(app, http_scope("/admin/users/7")))
    assert count(registry, endpoint, "200") == 1


def test_middleware_with_a_mount_of_its_own_shows_no_client_s_input(
    app: FastAPI, registry: CollectorRegistry
) -> None:
    """Its template is known, its prefix may hold anything."""

    class Tenants(Copying):
        def __init__(self, app: ASGIApp) -> None:
            super().__init__(app)
            self.own = Router([Mount("/t/{tenant}", routes=[Route("/page/{name}", hello)])])

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            inner = self.own if scope.get("path", "").startswith("/t/") else self.app
            await inner(scope, receive, send)

    app.add_middleware(Tenants)
    app.add_api_route("/{path:path}", lambda path: path)
    for tenant in ("acme", "other"):
        asyncio.run(call(app, http_scope(f"/t/{tenant}/page/1")))
    assert count(registry, "/{mount}/page/{name}", "200") == 2


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    """Build a static frontend."""
    (tmp_path / "index.html").write_text("<title>here</title>")
    (tmp_path / "app.js").write_text("1")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "endpoint", "status"),
    [
        ("/app.js", "/{path}", "200"),
        ("/missing.js", "/{path}", "404"),
        ("/console", "/console/{path}", "307"),
        ("/console/app.js", "/console/{path}", "200"),
        ("/v1/site/app.js", "/v1/site/{path}", "200"),
        ("/items/7", "/items/{item}", "200"),
    ],
)
def test_static_frontend_is_a_route(
    app: FastAPI, registry: CollectorRegistry, frontend: Path, path: str, endpoint: str, status: str
) -> None:
    """`app.frontend` serves what no other route takes."""
    router = APIRouter()
    router.frontend("/site", directory=frontend)
    app.frontend("/", directory=frontend)
    app.frontend("/console", directory=frontend)
    app.include_router(router, prefix="/v1")
    app.add_api_route("/items/{item}", read)
    asyncio.run(call(app, http_scope(path)))
    assert count(registry, endpoint, status) == 1


def test_routes_added_late_and_swapped_are_found(app: FastAPI, registry: CollectorRegistry) -> None:
    """In routers that are included already, in place of others, and in a list of their own."""
    router = APIRouter()
    app.include_router(router, prefix="/v1")
    app.add_api_route("/items/{item}", read)
    with TestClient(app) as client:
        client.get("/items/7")
        router.add_api_route("/late/{item}", write)
        client.get("/v1/late/7")
        client.get("/v1/late/8")
        old = next(
            route for route in app.router.routes if getattr(route, "path", "") == "/items/{item}"
        )
        replaced = FastAPI()
        replaced.add_api_route("/things/{item}", read)
        app.router.routes[app.router.routes.index(old)] = replaced.routes[-1]
        client.get("/things/7")
        app.router.routes = [Route("/only/{name}", hello)]
        client.get("/only/7")
    assert count(registry, "/items/{item}", "200") == 1
    assert count(registry, "/v1/late/{item}", "200") == 2
    assert count(registry, "/things/{item}", "200") == 1
    assert count(registry, "/only/{name}", "200") == 1


def test_root_path_ends_with_its_segment(app: FastAPI, registry: CollectorRegistry) -> None:
    """`/api` is no prefix of `/apiary`."""
    app.add_api_route("/apiary/{item}", read)
    app.add_api_route("/other/{item}", read)
    asyncio.run(call(app, http_scope("/apiary/7", root_path="/api")))
    asyncio.run(call(app, http_scope("/api/other/7", root_path="/api")))
    assert count(registry, "/apiary/{item}", "200") == 1
    assert count(registry, "/other/{item}", "200") == 1


def test_hosts_have_their_own_routes() -> None:
    """What a middleware refuses is counted under the route of the host that was asked."""
    app = Starlette(
        routes=[
            Host("a.example", app=Router([Route("/page/{a}", hello)])),
            Host("b.example", app=Router([Route("/page/{b}", hello)])),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["a.example"])],
    )
    own = CollectorRegistry()
    instrument(app, service="hosts", registry=own)
    for host in (b"a.example", b"b.example"):
        asyncio.run(call(app, http_scope("/page/1", headers=[(b"host", host)])))
    assert count(own, "/page/{a}", "200") == 1
    assert count(own, "/page/{b}", "400") == 1


async def refuse(request: Request, call_next: RequestResponseEndpoint) -> Response:
    if "x-refuse" in request.headers:
        return Response(status_code=int(request.headers["x-refuse"]))
    return await call_next(request)


@pytest.mark.parametrize(
    ("method", "path", "endpoint"),
    [
        ("GET", "/v1/items/7", "/v1/items/{item}"),
        ("POST", "/v1/items/7", "/v1/items/{item}"),
        ("DELETE", "/v1/items/7", "/v1/items/{item}"),  # would have been a 405
        ("GET", "/tenants/acme/files/a", "/tenants/{tenant}/files/{item}"),
        ("GET", "/tenants/acme/nothing", "/tenants/{tenant}/{path}"),
        ("GET", "/static/x.css", "/static/{path}"),
        ("GET", "/nothing", "unmatched"),
    ],
)
@pytest.mark.parametrize("status", ["403", "503"])
def test_answer_of_a_middleware_has_the_route_that_would_have_taken_it(
    app: FastAPI, registry: CollectorRegistry, method: str, path: str, endpoint: str, status: str
) -> None:
    """Authentication, limits and overload refuse requests before they are routed."""
    router = APIRouter()
    router.add_api_route("/items/{item}", read, methods=["GET"])
    router.add_api_route("/items/{item}", write, methods=["POST"])
    app.include_router(router, prefix="/v1")
    mounted = FastAPI()
    mounted.add_api_route("/files/{item}", lambda item: item)
    app.mount("/tenants/{tenant}", mounted)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent))
    app.middleware("http")(refuse)
    scope = http_scope(path, method=method, headers=[(b"x-refuse", status.encode())])
    asyncio.run(call(app, scope))
    assert count(registry, endpoint, status, method) == 1


def test_preflight_has_the_route_that_it_asks_for(
    app: FastAPI, registry: CollectorRegistry
) -> None:
    """Of two routes that share a path, the one of the method that is to follow."""
    app.add_api_route("/{item}", read, methods=["GET"])
    app.add_api_route("/save", lambda: "saved", methods=["PUT"])
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"])
    headers = [
        (b"origin", b"https://a.example"),
        (b"access-control-request-method", b"PUT"),
    ]
    asyncio.run(call(app, http_scope("/save", method="OPTIONS", headers=headers)))
    assert count(registry, "/save", "200", "OPTIONS") == 1


@pytest.mark.parametrize(
    ("middleware", "options", "status"),
    [
        (HTTPSRedirectMiddleware, {}, "307"),
        (TrustedHostMiddleware, {"allowed_hosts": ["other.example"]}, "400"),
    ],
)
def test_redirects_and_refusals_of_starlette_have_their_route(
    app: FastAPI,
    registry: CollectorRegistry,
    middleware: Callable[..., ASGIApp],
    options: dict[str, list[str]],
    status: str,
) -> None:
    """The middlewares that come with it answer before the router too."""
    app.add_api_route("/items/{item}", read)
    app.add_middleware(middleware, **options)
    asyncio.run(call(app, http_scope("/items/7", headers=[(b"host", b"a.example")])))
    assert count(registry, "/items/{item}", status) == 1


def test_path_that_breaks_a_converter_is_measured(
    app: FastAPI, registry: CollectorRegistry
) -> None:
    """Looking a route up never adds a failure of its own."""
    app.add_api_route("/day/{item:int}", read)
    app.middleware("http")(refuse)
    scope = http_scope("/day/" + "9" * 5000, headers=[(b"x-refuse", b"403")])
    asyncio.run(call(app, scope))
    assert count(registry, "unmatched", "403") == 1


class Refusing(Copying):
    """Answers itself where it is asked to."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_refused = (b"x-refuse", b"1") in scope.get("headers", ())
        app = PlainTextResponse("no", 403) if is_refused else self.app
        await app(scope, receive, send)


def test_mounted_application_that_is_instrumented_knows_its_own_routes(
    app: FastAPI, registry: CollectorRegistry
) -> None:
    """The application around it is not instrumented, and its mount is no part of the template."""
    app.add_middleware(Refusing)
    for path in ("/a", "/b"):
        app.add_api_route(path, hello)
    outer = Starlette(routes=[Mount("/inner", app)])
    client = TestClient(outer)
    for path in ("/inner/a", "/inner/b"):
        client.get(path)
        client.get(path, headers={"x-refuse": "1"})
        client.get("/inner/c")
    found = [count(registry, path, status) for path in ("/a", "/b") for status in ("200", "403")]
    assert found == [1, 1, 1, 1]
    assert count(registry, "unmatched", "404") == 2


@pytest.mark.parametrize("middlewares", [[], [Middleware(Copying)]])
def test_mounted_application_of_an_instrumented_one_is_measured_once(
    app: FastAPI, registry: CollectorRegistry, lines: Lines, middlewares: list[Middleware]
) -> None:
    """One count, one line and one id, though both are instrumented."""
    inner_registry = CollectorRegistry()
    inner = FastAPI()
    inner.add_api_route("/a", lambda: "a")
    instrument(inner, service="inner", registry=inner_registry, logs=False)
    app.mount("/inner", inner)
    app.user_middleware.extend(middlewares)
    answer = TestClient(app).get("/inner/a")
    (line,) = lines.of("burnrate.request")
    assert (line["route"], line["request_id"]) == ("/inner/a", answer.headers["x-request-id"])
    assert count(registry, "/inner/a", "200") == 1
    assert count(inner_registry, "/a", "200") == 0


@pytest.mark.parametrize("middlewares", [[], [Middleware(Copying)]])
def test_redirect_to_the_other_slash_has_the_route_behind_it(
    app: FastAPI, registry: CollectorRegistry, middlewares: list[Middleware]
) -> None:
    """A router answers so by itself; what it does not know stays unmatched."""
    app.add_api_route("/with/", lambda: 1)
    app.add_api_route("/without", lambda: 1)
    app.user_middleware.extend(middlewares)
    client = TestClient(app, follow_redirects=False)
    for path in ("/with", "/without/", "/neither"):
        client.get(path)
    assert [count(registry, path, "307") for path in ("/with/", "/without")] == [1, 1]
    assert count(registry, "unmatched", "404") == 1
