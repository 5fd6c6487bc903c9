"""Which deadline a request has, and what the proxy in front is told of it."""

from functools import wraps
from math import inf
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from burnrate.telemetry import TelemetrySettings, deadline, instrument
from burnrate.telemetry.deadlines import Limits
from burnrate.telemetry.endpoints import Endpoints
from tests.telemetry.asgi import http_scope


@pytest.fixture
def routes() -> FastAPI:
    """Return an application of which each route has a deadline of another kind."""
    app = FastAPI()

    @app.get("/none")
    @deadline(None)
    def none() -> None:
        """Have none."""

    @app.get("/zero")
    @deadline(0)
    def zero() -> None:
        """Have none either."""

    @deadline(2.5)
    @app.get("/above")
    def above() -> None:
        """Have one, written above the route."""

    @app.get("/wrapped")
    @_wrapped
    @deadline(120)
    def wrapped() -> None:
        """Have one below another decorator."""

    @app.get("/plain")
    def plain() -> None:
        """Have everyone's."""

    mounted = deadline(7)(_answer)
    app.mount("/mounted", mounted)
    app.mount("/shop", deadline(8)(_shop()))
    app.mount("/patient", deadline(9)(_shop()))
    return app


def _shop() -> FastAPI:
    """Return an application with routes that is mounted more than once, and one in it."""
    inner = FastAPI()
    inner.get("/read")(_read)
    inner.get("/long")(_long)
    shop = FastAPI()
    shop.get("/read")(_read)
    shop.mount("/inner", inner)
    shop.mount("/own", deadline(3)(_Wrapper(inner)))
    return shop


class _Wrapper:
    """A middleware around a mounted application."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - any application
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        await self.app(scope, receive, send)


def _read() -> None:
    """Have the deadline of the application."""


@deadline(60)
def _long() -> None:
    """Have one of its own."""


def _wrapped(function: Any) -> Any:  # noqa: ANN401 - any route's
    @wraps(function)
    def wrapper(*args: Any) -> Any:  # noqa: ANN401 - the same
        return function(*args)

    return wrapper


async def _answer(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - an application's
    await Response()(scope, receive, send)


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/none", inf), ("/zero", inf), ("/above", 2.5), ("/wrapped", 120.0), ("/plain", 30.0),
        ("/mounted/x", 7.0), ("/nowhere", 30.0),
        ("/shop/read", 8.0), ("/patient/read", 9.0), ("/shop/nowhere", 8.0),
        ("/shop/inner/read", 8.0), ("/patient/inner/read", 9.0), ("/patient/inner/long", 60.0),
        ("/shop/own/read", 3.0), ("/shop/own/long", 60.0),
    ],
)  # fmt: skip
def test_a_route_has_its_own_or_its_applications_or_everyones(
    routes: FastAPI, path: str, limit: float
) -> None:
    """Before it is routed and after it."""
    endpoints = Endpoints(routes)
    endpoints.build()
    limits = Limits(endpoints, 30.0)
    assert limits.of(http_scope(path)) == limit

    scopes = []

    @routes.middleware("http")
    async def keep(request: Request, call_next: Any) -> Response:  # noqa: ANN401 - Starlette's
        answer: Response = await call_next(request)
        scopes.append(request.scope)
        return answer

    TestClient(routes).get(path)
    assert [limits.of(scope) for scope in scopes] == [limit]


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_deadline_that_is_none_is_refused(seconds: float) -> None:
    """Where it stands, at the import."""
    with pytest.raises(ValueError, match="number of seconds"):
        deadline(seconds)


def test_the_setting_is_a_number_of_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default 30; an argument goes before the variable."""
    assert TelemetrySettings().deadline_seconds == 30.0
    monkeypatch.setenv("TELEMETRY_DEADLINE_SECONDS", "-1")
    with pytest.raises(ValidationError):
        TelemetrySettings()
    monkeypatch.setenv("TELEMETRY_DEADLINE_SECONDS", "12")
    assert TelemetrySettings().deadline_seconds == 12.0


def _announced(app: FastAPI, **options: float) -> dict[str, str | None]:
    instrument(app, service="test", registry=CollectorRegistry(), **options)  # type: ignore[arg-type]
    client = TestClient(app)
    paths = ("/none", "/above", "/wrapped", "/plain", "/nowhere")
    return {path: client.get(path).headers.get("x-burnrate-deadline") for path in paths}


def test_the_proxy_is_told_where_it_would_take_another(
    routes: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes 30 s for everyone's."""
    monkeypatch.setenv("TELEMETRY_INTERNAL_ROUTES", "metrics")
    assert _announced(routes) == {
        "/none": "none", "/above": "2.5", "/wrapped": "120", "/plain": None, "/nowhere": None
    }  # fmt: skip


def test_the_proxy_is_told_of_another_default(
    routes: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that both judge alike."""
    monkeypatch.setenv("TELEMETRY_INTERNAL_ROUTES", "metrics")
    assert _announced(routes, deadline=12)["/plain"] == "12"


def test_without_a_proxy_nobody_is_told(routes: FastAPI) -> None:
    """Clients would see it."""
    assert set(_announced(routes, deadline=0).values()) == {None}
