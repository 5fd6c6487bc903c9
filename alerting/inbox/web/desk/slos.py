"""Answers browsers about SLOs and services."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse

from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.page import (
    STORE_UNAVAILABLE,
    Content,
    Links,
    default_range,
    desk_fragment,
    fragment,
    no_such_slo,
    page,
    range_seconds,
    service_page,
    slo_page,
)
from alerting.inbox.store import Store
from alerting.inbox.watch import SloReader, panels_of_service, panels_of_slo, step_of
from alerting.inbox.web.desk.wanted import Range, Service, SloName, find_slo, identity_of

# Of its incidents; the rest is in the history.
_MOST_INCIDENTS = 10


class Slos:
    """The pages of SLOs and services; neither waits for Prometheus."""

    def __init__(self, slos: SloReader, store: Store, links: Links) -> None:
        """Take what knows the SLOs, where incidents are, and what leads elsewhere."""
        self._slos = slos
        self._store = store
        self._links = links

    def slo(
        self, request: Request, service: Service, slo: SloName, chosen: Range = ""
    ) -> HTMLResponse:
        """Show one SLO."""
        return page(self._slo(request, service, slo, chosen), desk_fragment(request.url))

    def slo_fragment(
        self, request: Request, service: Service, slo: SloName, chosen: Range = ""
    ) -> HTMLResponse:
        """Show the living part of an SLO's page."""
        return fragment(self._slo(request, service, slo, chosen))

    async def service(self, request: Request, service: Service, chosen: Range = "") -> HTMLResponse:
        """Show one service."""
        return page(await self._service(request, service, chosen), desk_fragment(request.url))

    async def service_fragment(
        self, request: Request, service: Service, chosen: Range = ""
    ) -> HTMLResponse:
        """Show the living part of a service's page."""
        return fragment(await self._service(request, service, chosen))

    def _slo(self, request: Request, service: str, name: str, chosen: str) -> Content:
        figures = self._slos.latest()
        slo = find_slo(request, service, name, figures)
        if slo is None:
            return no_such_slo(figures, identity_of(request, service, figures), name)
        identity = figures.labels_of(slo)
        chosen = chosen or default_range(slo.history_seconds)
        step = step_of(range_seconds(chosen, slo.period_days))
        panels = panels_of_slo(slo, identity, step)
        links = self._links.of_service(identity, slo.name)
        return slo_page(slo, figures, panels, datetime.now(UTC), chosen, links)

    async def _service(self, request: Request, service: str, chosen: str) -> Content:
        figures = self._slos.latest()
        identity = identity_of(request, service, figures)
        try:
            incidents = await self._store.find_incidents(None, _MOST_INCIDENTS, identity)
        except StoreUnavailableError:
            return STORE_UNAVAILABLE
        slos = figures.of_service(identity)
        known = [slo.history_seconds for slo in slos if slo.history_seconds is not None]
        chosen = chosen or default_range(max(known, default=None))
        return service_page(
            identity,
            figures,
            slos,
            incidents,
            panels_of_service(identity, step_of(range_seconds(chosen, None))),
            datetime.now(UTC),
            chosen,
            self._links.of_service(identity),
        )
