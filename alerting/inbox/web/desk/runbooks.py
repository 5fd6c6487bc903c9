"""Serves the runbooks that alerts link to: as pages to people, as text to programs."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import HTTPException, Query
from fastapi import Path as PathParameter
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.page import (
    About,
    Content,
    Links,
    RunbookFiles,
    Surroundings,
    desk_fragment,
    fragment,
    page,
    runbook_page,
)
from alerting.inbox.store import Filter, State, Store, StoredEpisode
from alerting.inbox.watch import SloFigures, SloReader
from alerting.inbox.web.desk.wanted import identity_of

Name = Annotated[str, PathParameter(max_length=200)]
Service = Annotated[str, Query(max_length=200)]
Identity = Mapping[str, str]
# Of what fires of it; the front page has all.
_MOST_FIRING = 20
_TEXT = ".md"


class Runbooks:
    """The Markdown files of one folder, by the names of their alerts."""

    def __init__(
        self,
        files: RunbookFiles,
        store: Store,
        links: Links,
        slos: SloReader,
        *,
        prometheus_url: str | None,
        logs_folder: str | None,
    ) -> None:
        """Take the files, what fires, and what is around.

        Args:
            files: The folder.
            store: Knows what fires.
            links: Makes the links of alerts.
            slos: Knows whether Prometheus answers.
            prometheus_url: Where a browser finds Prometheus, if it does.
            logs_folder: Where log lines are, if there is no Loki.
        """
        self._files = files
        self._store = store
        self._links = links
        self._slos = slos
        self._prometheus_url = prometheus_url
        self._logs_folder = logs_folder

    async def show(self, request: Request, name: Name, service: Service = "") -> Response:
        """Show one runbook: a page to a browser, its Markdown to anything else and below `.md`.

        Raises:
            HTTPException: 404, there is no such runbook.
        """
        path = self._path(name)
        accepted = request.headers.get("accept", "")
        if "text/html" in accepted and not name.endswith(_TEXT):
            content = await self._content(request, path, service)
            return page(content, desk_fragment(request.url))
        wants_markdown = "text/markdown" in accepted
        return PlainTextResponse(
            path.read_text(encoding="utf-8"),
            # A browser would save text/markdown and not show it.
            media_type="text/markdown" if wants_markdown else "text/plain",
            headers={"X-Content-Type-Options": "nosniff", "Vary": "Accept"},
        )

    async def show_fragment(
        self, request: Request, name: Name, service: Service = ""
    ) -> HTMLResponse:
        """Show the living part of a runbook's page: whether its alert fires."""
        return fragment(await self._content(request, self._path(name), service))

    def _path(self, name: str) -> Path:
        path = self._files.names().get(name.removesuffix(_TEXT))
        if path is None:
            raise HTTPException(404, "no such runbook")
        return path

    async def _content(self, request: Request, path: Path, service: str) -> Content:
        text = await asyncio.to_thread(path.read_text, encoding="utf-8")
        figures = self._slos.latest()
        around = Surroundings(
            runbook_names=self._files.names,
            prometheus_url=self._prometheus_url if figures.is_answered else None,
            logs_folder=self._logs_folder,
        )
        firing, now = await self._firing(path.stem), datetime.now(UTC)
        wanted = identity_of(request, service, figures) if service else None
        chosen, others = self._chosen(wanted, firing or (), figures)
        job, front_door = figures.jobs_of(chosen)
        about = About(chosen, job, front_door)
        return runbook_page(path.stem, text, firing, self._links, around, now, about, others)

    def _chosen(
        self, wanted: Identity | None, firing: Sequence[StoredEpisode], figures: SloFigures
    ) -> tuple[Identity, list[Identity]]:
        """Return the service that queries ask about, and those that they might.

        Without a wish it is the one whose alert fires, or the only one that there is.
        """
        labels = map(self._links.identity_of, firing)
        fire = _different([each for each in labels if each.get("service")])
        known = _different([*fire, *figures.services()])
        chosen = wanted or next((each[0] for each in (fire, known) if len(each) == 1), {})
        return chosen, [each for each in known if each != chosen]

    async def _firing(self, name: str) -> list[StoredEpisode] | None:
        wanted = Filter(state=State.FIRING, alertname=name)
        try:
            return await self._store.find(wanted, None, _MOST_FIRING)
        except StoreUnavailableError:
            return None  # a runbook is read exactly when things do not work


def _different(identities: Sequence[Identity]) -> list[Identity]:
    return list({tuple(each.items()): each for each in identities}.values())
