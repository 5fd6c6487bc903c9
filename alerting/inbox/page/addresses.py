"""The addresses of pages about SLOs, services and runbooks, and the parameters that select."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from alerting.inbox.store import Selection


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


def runbook_address(name: str, identity: Mapping[str, str]) -> str:
    """Return the address of a runbook's page, whose queries ask about a service.

    Args:
        name: The alert's, which is known to be there.
        identity: The labels that name the service, as far as the alert has them.
    """
    asked = {label: value for label, value in identity.items() if value}
    return f"/runbooks/{name}" + (f"?{urlencode(asked)}" if asked.get("service") else "")


def parameters_of(selection: Selection) -> dict[str, str]:
    """Return the parameters of an address that select the same."""
    given = {
        "severity": selection.severity,
        "service": selection.service,
        "slo": selection.slo,
        "team": selection.team,
        "q": " ".join(selection.words.split()),
    }
    return {name: value for name, value in given.items() if value}


def words_of(selection: Selection) -> str:
    """Return what was selected, for people; an empty text for everything."""
    words = (
        selection.severity and f"{selection.severity}s",
        selection.service,
        selection.slo and f"SLO {selection.slo}",
        selection.team and f"team {selection.team}",
        *(f"“{word}”" for word in selection.words.split()),
    )
    return ", ".join(filter(None, words))


def _segment(identity: Mapping[str, str]) -> str:
    return quote(identity.get("service", ""), safe="")


def _others(identity: Mapping[str, str]) -> str:
    others = {name: value for name, value in identity.items() if name != "service" and value}
    return f"?{urlencode(others)}" if others else ""
