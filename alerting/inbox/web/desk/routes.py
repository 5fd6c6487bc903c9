"""The addresses of the pages behind the front page."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from alerting.inbox.web.desk.charts import Charts
from alerting.inbox.web.desk.history import History
from alerting.inbox.web.desk.path import Path
from alerting.inbox.web.desk.runbooks import Runbooks
from alerting.inbox.web.desk.slos import Slos
from alerting.inbox.web.openapi import errors


@dataclass(frozen=True, slots=True)
class Desk:
    """What the addresses are bound to."""

    slos: Slos
    charts: Charts
    history: History
    path: Path
    runbooks: Runbooks


def add_desk(router: APIRouter, to: Desk) -> None:
    """Bind the addresses; an SLO's name may have slashes in it, so it stands last."""
    text: dict[str, dict[str, object]] = {"text/plain": {}, "text/markdown": {}, "text/html": {}}
    router.add_api_route(
        "/runbooks/{name}",
        to.runbooks.show,
        methods=["GET"],
        response_class=Response,
        responses={200: {"content": text}, **errors(404, 422)},
    )
    for address, shown in (
        ("/slos/{service}/{slo:path}", to.slos.slo),
        ("/fragments/slos/{service}/{slo:path}", to.slos.slo_fragment),
        ("/services/{service:path}", to.slos.service),
        ("/fragments/services/{service:path}", to.slos.service_fragment),
        ("/history", to.history.show),
        ("/fragments/history", to.history.show_fragment),
        ("/health", to.path.show),
        ("/fragments/health", to.path.show_fragment),
        ("/fragments/runbooks/{name}", to.runbooks.show_fragment),
        ("/charts/slo/{panel}/{service}/{slo:path}", to.charts.of_slo),
        ("/charts/service/{panel}/{service:path}", to.charts.of_service),
        ("/routes/slo/{service}/{slo:path}", to.charts.routes_of_slo),
        ("/routes/service/{service:path}", to.charts.routes_of_service),
    ):
        router.add_api_route(address, shown, methods=["GET"], include_in_schema=False)
    router.add_api_route("/health/test", to.path.test, methods=["POST"], include_in_schema=False)
