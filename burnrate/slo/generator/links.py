"""Where the links of alerts lead; where nobody has said, there is none."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from burnrate.slo.specification import Service, Slo


def slo_links(slo: Slo, alert: str) -> dict[str, str]:
    """Return the annotations of an SLO's alert that are links."""
    chosen = {**slo.identity, "slo": slo.name}
    return _links(slo.runbooks, alert, slo.dashboard, chosen)


def service_links(service: Service, alert: str) -> dict[str, str]:
    """Return the same of an alert about a service as a whole."""
    return _links(service.runbooks, alert, service.dashboard, service.identity)


def _links(runbooks: str, alert: str, address: str, chosen: Mapping[str, str]) -> dict[str, str]:
    variables = {f"var-{name}": value for name, value in chosen.items()}
    made = {"runbook_url": f"{runbooks}/{alert}"} if runbooks else {}
    if address:
        made["dashboard_url"] = f"{address}?{urlencode(variables, quote_via=quote)}"
    return made
