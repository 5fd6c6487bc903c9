"""The addresses of pages about SLOs, services and runbooks."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

# Whose queries the shipped runbooks are written for.
SHIPPED_SERVICE: Final = "api"


def slo_address(identity: Mapping[str, str], slo: str) -> str:
    """Return the address of an SLO's page.

    Args:
        identity: The labels that name its service, `service` among them.
        slo: Its name, which may have slashes in it.
    """
    return f"/slos/{_segment(identity)}/{quote(slo)}{_others(identity)}"


def service_address(identity: Mapping[str, str]) -> str:
    """Return the address of a service's page."""
    return f"/services/{_segment(identity)}{_others(identity)}"


def runbook_address(name: str, service: str) -> str:
    """Return the address of a runbook's page, whose queries ask about a service.

    Args:
        name: The alert's, which is known to be there.
        service: The alert's; the shipped one is what the runbooks are written for.
    """
    asked = {} if service in ("", SHIPPED_SERVICE) else {"service": service}
    return f"/runbooks/{name}" + (f"?{urlencode(asked)}" if asked else "")


def _segment(identity: Mapping[str, str]) -> str:
    return quote(identity.get("service", ""), safe="")


def _others(identity: Mapping[str, str]) -> str:
    others = {name: value for name, value in identity.items() if name != "service" and value}
    return f"?{urlencode(others)}" if others else ""
