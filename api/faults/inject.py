"""Puts injected faults into normal routes."""

import asyncio
import random
from typing import Annotated

from fastapi import Depends, Request

from api.errors import DependencyUnavailable
from api.faults.store import InjectionStore
from api.web.dependencies import provide
from api.web.endpoints import EndpointTable


class InjectedFault(Exception):
    """Raised on purpose by an injection."""


async def inject(
    request: Request,
    store: Annotated[InjectionStore, Depends(provide(InjectionStore))],
    endpoints: Annotated[EndpointTable, Depends(provide(EndpointTable))],
) -> None:
    """Fail or wait, if an injection for this route says so.

    Raises:
        DependencyUnavailable: the injection is `unavailable`: a 503.
        InjectedFault: the injection is an error: an unhandled exception.
    """
    if not store.is_active:
        return
    route = endpoints.template(request.scope["endpoint"])
    injection = store.find(request.method, route) if route is not None else None
    if injection is None or random.random() >= injection.ratio:  # noqa: S311 - no secret
        return
    if injection.kind == "latency":
        await asyncio.sleep(injection.delay_seconds)
    elif injection.kind == "unavailable":
        raise DependencyUnavailable("an injected fault's victim")
    else:
        raise InjectedFault(f"injected into {route}")
