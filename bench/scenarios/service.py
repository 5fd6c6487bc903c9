"""The service of the scenarios: each route does what a file says."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response

from burnrate.telemetry import instrument

BEHAVIOUR = "BURNRATE_SCENARIO_BEHAVIOUR"


def create_app() -> FastAPI:
    """Return the application; the file may change while it runs.

    The file maps `GET /posts` and the like to `status` and `seconds`, both optional.
    """
    app = FastAPI(openapi_url=None)
    instrument(app, service="api", version="1")

    @app.get("/posts")
    @app.get("/limited")
    @app.get("/rare")
    @app.post("/users")
    async def behave(request: Request) -> Response:
        told = _told(f"{request.method} {request.url.path}")
        await asyncio.sleep(told.get("seconds", 0.005))
        return Response(status_code=told.get("status", 200))

    return app


def _told(route: str) -> dict[str, Any]:
    told: dict[str, dict[str, Any]] = json.loads(Path(os.environ[BEHAVIOUR]).read_text())
    return told.get(route, {})
