"""What every page has around it, and the headers that keep it harmless."""

from pathlib import Path

from fastapi import HTTPException
from starlette.responses import HTMLResponse, Response

from alerting.inbox.page.html import Html, fill

_ASSETS = Path(__file__).parent / "assets"
_TYPES = {
    "inbox.css": "text/css",
    "inbox.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}

# Nothing from elsewhere and nothing inline: a label that got through as markup would still do
# nothing.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/inbox.css">
<script src="/assets/inbox.js" defer></script>
</head>
<body>
<header class="top">
<a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="22" height="22">Burnrate</a>
<span class="link" id="link" role="status"></span>
</header>
<main id="live" data-fragment="{fragment}">
{content}
</main>
<footer class="foot">
<a href="/alerts">All alerts as JSON</a>
<a href="/openapi.json">API</a>
<span>Times are UTC.</span>
</footer>
</body>
</html>
"""


def page(title: str, content: Html, fragment_path: str, status: int = 200) -> HTMLResponse:
    """A whole page; `fragment_path` is the address of its living part alone."""
    body = fill(_PAGE, title=title, content=content, fragment=fragment_path)
    return HTMLResponse(body, status, HEADERS)


def fragment(content: Html) -> HTMLResponse:
    """The living part of a page."""
    return HTMLResponse(content, headers=HEADERS)


def asset(name: str) -> Response:
    """One of the page's own files."""
    if name not in _TYPES:
        raise HTTPException(404, "no such asset")
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=60"}
    content = (_ASSETS / name).read_bytes()
    return Response(content, media_type=_TYPES[name], headers=headers)
