"""Where the links of alerts lead."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from burnrate.slo.specification import Slo


def dashboard(slo: Slo) -> str:
    """Return the dashboard's address with the SLO chosen."""
    return link(slo.dashboard, {**slo.identity, "slo": slo.name})


def link(address: str, chosen: Mapping[str, str]) -> str:
    """Return a dashboard's address with the values of some of its variables."""
    variables = {f"var-{name}": value for name, value in chosen.items()}
    return f"{address}?{urlencode(variables, quote_via=quote)}"
