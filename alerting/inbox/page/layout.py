"""Answers with pages, with the headers that keep them harmless, and with their own files."""

from pathlib import Path

from fastapi import HTTPException
from starlette.datastructures import URL
from starlette.responses import HTMLResponse, Response

from alerting.inbox.page.rendering import Content, render_fragment, render_page

_ASSETS = Path(__file__).parent / "assets"
_TYPES = {
    "charts.js": "text/javascript",
    "vendor/uPlot.iife.min.js": "text/javascript",
    "vendor/uPlot.min.css": "text/css",
    "vendor/uPlot.LICENSE": "text/plain",
    "inbox.css": "text/css",
    "inbox.js": "text/javascript",
    "places.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "icon-blind.svg": "image/svg+xml",
    "icon-owned.svg": "image/svg+xml",
    "icon-page.svg": "image/svg+xml",
    "icon-ticket.svg": "image/svg+xml",
}

# Nothing from elsewhere and nothing inline: a label that got through as markup would still do
# nothing.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def page(content: Content, fragment_path: str) -> HTMLResponse:
    """Answer with a whole page; `fragment_path` is where its living part can be had alone."""
    return HTMLResponse(render_page(content, fragment_path), content.status, _HEADERS)


def desk_fragment(url: URL) -> str:
    """Return where the living part of a page behind the front page is, of the same parameters."""
    query = f"?{url.query}" if url.query else ""
    return f"/fragments{url.path}{query}"


def fragment(content: Content) -> HTMLResponse:
    """Answer with the living part of a page, always with 200: a script puts it in place."""
    return HTMLResponse(render_fragment(content), headers=_HEADERS)


def asset(name: str) -> Response:
    """Answer with one of the pages' own files.

    Raises:
        HTTPException: 404, there is none of that name.
    """
    if name not in _TYPES:
        raise HTTPException(404, "no such asset")
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=60"}
    content = (_ASSETS / name).read_bytes()
    return Response(content, media_type=_TYPES[name], headers=headers)
