"""The smallest applications that show one thing."""

from fastapi import APIRouter, FastAPI
from starlette.testclient import TestClient

from api.web.dependencies import register
from api.web.errors import add_error_handlers


def make_client(*routers: APIRouter, services: tuple[object, ...] = ()) -> TestClient:
    """Return a client of some routes with the service's error handlers."""
    app = FastAPI()
    add_error_handlers(app)
    register(app, *services)
    for router in routers:
        app.include_router(router)
    return TestClient(app, raise_server_exceptions=False)
