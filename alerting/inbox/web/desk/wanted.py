"""Which SLO or service an address names."""

from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request

from alerting.inbox.watch import Slo, SloFigures

Service = Annotated[str, Path(max_length=200)]
SloName = Annotated[str, Path(max_length=200)]
Range = Annotated[str, Query(max_length=10, alias="range")]


def identity_of(request: Request, service: str, figures: SloFigures) -> dict[str, str]:
    """Return the labels of a service that an address gives: `service`, others as parameters."""
    given = {name: request.query_params.get(name) for name in figures.identity_labels}
    others = {name: value for name, value in given.items() if value is not None}
    return {**others, "service": service}


def find_slo(request: Request, service: str, name: str, figures: SloFigures) -> Slo | None:
    """Return the one SLO that an address names; None if there is none, or more than one.

    Both may have slashes in them, which arrive as those between them do.
    """
    parts = f"{service}/{name}".split("/")
    found = []
    for end in range(1, len(parts)):
        wanted = identity_of(request, "/".join(parts[:end]), figures)
        rest = "/".join(parts[end:])
        found += [slo for slo in figures.of_service(wanted) if slo.name == rest]
    return found[0] if len(found) == 1 else None
