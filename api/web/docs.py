"""Swagger UI and ReDoc, from assets that an installed package carries.

FastAPI's own pages load theirs from a CDN and start them with inline scripts; these work offline
and under a policy that allows neither.
"""

import importlib.util
import logging
from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

Endpoint = Callable[[Request], Awaitable[Response]]

logger = logging.getLogger(__name__)

_ASSETS = "/docs/assets"
_PACKAGE = "fastapi_standalone_docs"

# Both pages embed their icons and style themselves through the DOM, which the policy allows.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{styles}; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src {workers}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_SWAGGER_POLICY = _POLICY.format(styles="", workers="'none'")
# ReDoc searches in a worker made from a blob, and adds one style sheet that is always the same and
# empty ones that it then fills rule by rule: these are the two texts' hashes, as Chromium reports.
_REDOC_POLICY = _POLICY.format(
    styles=(
        " 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
        " 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
    ),
    workers="blob:",
)

_SWAGGER_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{root}/docs/assets/swagger/swagger-ui.css">
<link rel="icon" href="{root}/docs/assets/fastapi/favicon.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{root}/docs/assets/swagger/swagger-ui-bundle.js"></script>
<script src="{root}/docs/start.js"></script>
</body>
</html>
"""

# The document's address is relative to the page, so it is right behind any prefix.
_SWAGGER_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  validatorUrl: null,
});
"""

_REDOC_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{root}/docs/assets/fastapi/favicon.png">
</head>
<body>
<redoc spec-url="{root}/openapi.json"></redoc>
<script src="{root}/docs/assets/redoc/redoc.standalone.js"></script>
</body>
</html>
"""


def add_docs(app: FastAPI) -> None:
    """Serve `/docs` and `/redoc`."""
    assets = _find_assets()
    if assets is None:
        logger.warning("docs are off: a package is not installed", extra={"package": _PACKAGE})
        return
    app.mount(_ASSETS, _CachedFiles(directory=assets), name="docs-assets")
    # ReDoc looks for its logo beside the page.
    logo = (assets / "redoc" / "logo-mini.svg").read_bytes()
    app.add_route(
        "/docs", _page(_SWAGGER_PAGE, app.title, _SWAGGER_POLICY), include_in_schema=False
    )
    start = _file(_SWAGGER_START, "text/javascript")
    app.add_route("/docs/start.js", start, include_in_schema=False)
    app.add_route("/redoc", _page(_REDOC_PAGE, app.title, _REDOC_POLICY), include_in_schema=False)
    app.add_route("/redoc/logo-mini.svg", _file(logo, "image/svg+xml"), include_in_schema=False)


class _CachedFiles(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - Starlette's
        response = super().file_response(*args, **kwargs)
        # They change only with the package; the browser asks again whether they have.
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response


def _find_assets() -> Path | None:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "static"


def _page(template: str, title: str, policy: str) -> Endpoint:
    async def show(request: Request) -> Response:
        root = escape(request.scope.get("root_path", "").rstrip("/"))
        page = template.format(title=escape(title), root=root)
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    return show


def _file(content: str | bytes, media_type: str) -> Endpoint:
    async def show(_: Request) -> Response:
        return Response(content, media_type=media_type)

    return show
