"""Serves the runbooks that alerts link to."""

from pathlib import Path
from typing import Annotated

from fastapi import HTTPException
from fastapi import Path as PathParameter
from starlette.requests import Request
from starlette.responses import PlainTextResponse

Name = Annotated[str, PathParameter(max_length=200)]


class Runbooks:
    """The Markdown files of one folder, by the names of their alerts."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is read at each request, so a new runbook needs no restart."""
        self._folder = folder

    def names(self) -> dict[str, Path]:
        """Return the runbooks' names and files: only a name from this list is ever opened."""
        try:
            return {path.stem: path for path in self._folder.glob("*.md") if path.is_file()}
        except OSError:
            return {}

    def show(self, request: Request, name: Name) -> PlainTextResponse:
        """Show one runbook as text, since a browser would save text/markdown and not show it.

        Raises:
            HTTPException: 404, there is no such runbook.
        """
        path = self.names().get(name.removesuffix(".md"))
        if path is None:
            raise HTTPException(404, "no such runbook")
        wants_markdown = "text/markdown" in request.headers.get("accept", "")
        return PlainTextResponse(
            path.read_text(encoding="utf-8"),
            media_type="text/markdown" if wants_markdown else "text/plain",
            headers={"X-Content-Type-Options": "nosniff"},
        )
