"""What the pages' scripts fetch: the points of a chart, and the table of the worst routes."""

from collections.abc import Mapping, Sequence

from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse

from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.page import fragment, range_seconds, routes_part
from alerting.inbox.watch import (
    Chart,
    ChartReader,
    Panel,
    SloReader,
    panels_of_service,
    panels_of_slo,
    step_of,
)
from alerting.inbox.web.desk.wanted import Range, Service, SloName, find_slo, identity_of

_NO_ANSWER = "Prometheus does not answer, or not in time; a shorter range may help"


class Charts:
    """Answers with what Prometheus has, or says in time that it has not answered."""

    def __init__(self, charts: ChartReader, slos: SloReader) -> None:
        """Take what asks Prometheus, and what knows the SLOs."""
        self._charts = charts
        self._slos = slos

    async def of_slo(
        self, request: Request, panel: str, service: Service, slo: SloName, chosen: Range = ""
    ) -> JSONResponse:
        """Show one chart of an SLO."""
        figures = self._slos.latest()
        found = find_slo(request, service, slo, figures)
        if found is None:
            raise HTTPException(404, "no such SLO")
        identity = figures.labels_of(found)
        seconds = range_seconds(chosen, found.period_days)
        panels = panels_of_slo(found, identity, step_of(seconds))
        return await self._chart(panels, panel, {**identity, "slo": found.name}, seconds)

    async def of_service(
        self, request: Request, panel: str, service: Service, chosen: Range = ""
    ) -> JSONResponse:
        """Show one chart of a service."""
        identity = identity_of(request, service, self._slos.latest())
        seconds = range_seconds(chosen, self._period_days(identity))
        panels = panels_of_service(identity, step_of(seconds))
        return await self._chart(panels, panel, identity, seconds)

    async def routes_of_slo(
        self, request: Request, service: Service, slo: SloName, chosen: Range = ""
    ) -> HTMLResponse:
        """Show the worst routes of an SLO's service: the slowest, if it is about time."""
        figures = self._slos.latest()
        found = find_slo(request, service, slo, figures)
        if found is None:
            raise HTTPException(404, "no such SLO")
        is_slow = found.latency_seconds is not None
        return await self._routes(
            figures.labels_of(found), range_seconds(chosen, found.period_days), is_slow=is_slow
        )

    async def routes_of_service(
        self, request: Request, service: Service, chosen: Range = ""
    ) -> HTMLResponse:
        """Show the worst routes of a service."""
        identity = identity_of(request, service, self._slos.latest())
        seconds = range_seconds(chosen, self._period_days(identity))
        return await self._routes(identity, seconds, is_slow=False)

    def _period_days(self, identity: Mapping[str, str]) -> float | None:
        slos = self._slos.latest().of_service(identity)
        return max((slo.period_days or 0 for slo in slos), default=0) or None

    async def _chart(
        self, panels: Sequence[Panel], name: str, of: Mapping[str, str], seconds: float
    ) -> JSONResponse:
        panel = next((panel for panel in panels if panel.name == name), None)
        if panel is None:
            raise HTTPException(404, "no such chart")
        key = tuple(part for pair in of.items() for part in pair)
        try:
            return JSONResponse(_out(await self._charts.chart(key, panel, seconds)))
        except UpstreamUnavailableError:
            raise HTTPException(503, _NO_ANSWER) from None

    async def _routes(
        self, identity: Mapping[str, str], seconds: float, *, is_slow: bool
    ) -> HTMLResponse:
        try:
            routes = await self._charts.routes(identity, seconds, is_slow=is_slow)
        except UpstreamUnavailableError:
            return fragment(routes_part(None, f"{_NO_ANSWER}."))
        return fragment(routes_part(routes))


def _out(chart: Chart) -> dict[str, object]:
    return {
        "times": chart.times,
        "lines": [{"name": name, "values": values} for name, values in chart.lines],
        "readAt": chart.read_at.timestamp(),
    }
