"""Is the process alive, and can it serve?"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from api.web.dependencies import provide
from api.web.errors import ErrorBody, error_response

router = APIRouter(prefix="/health", tags=["health"])

# Shorter than the time-out of any prober.
_TIMEOUT_SECONDS = 2.0
_KEPT_SECONDS = 1.0

Status = Literal["ok", "unavailable"]


@dataclass(frozen=True)
class Check:
    """One dependency: `ask` returns when it has answered and raises when it has not."""

    name: str
    ask: Callable[[], Awaitable[object]]
    is_required: bool


class HealthChecks:
    """All dependencies, asked once a second at most, however many ask for it.

    Nothing limits who may ask, so that a prober is never refused.
    """

    def __init__(self, *checks: Check) -> None:
        self.checks = checks
        self._asking: asyncio.Future[dict[str, Status]] | None = None

    async def statuses(self) -> Mapping[str, Status]:
        """Return how each dependency answered within the last second."""
        if self._asking is None:
            self._asking = asyncio.ensure_future(self._ask_all())
        # One client that leaves must not take the answer from the others.
        return await asyncio.shield(self._asking)

    async def _ask_all(self) -> dict[str, Status]:
        try:
            statuses = await asyncio.gather(*(_ask(check) for check in self.checks))
        finally:
            asyncio.get_running_loop().call_later(_KEPT_SECONDS, self._forget)
        return {c.name: status for c, status in zip(self.checks, statuses, strict=True)}

    def _forget(self) -> None:
        self._asking = None


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """The service can serve; a dependency that is not needed for that may still be missing."""

    status: Literal["ok"] = "ok"
    checks: dict[str, Status]


class NotReady(ErrorBody):
    """Something the service needs does not answer."""

    checks: dict[str, Status]


@router.get("/live")
async def show_live() -> Alive:
    """Say that the process answers: nothing else is asked."""
    return Alive()


@router.get("/ready", response_model=Ready, responses={503: {"model": NotReady}})
async def show_ready(
    request: Request, health: Annotated[HealthChecks, Depends(provide(HealthChecks))]
) -> Response | Ready:
    """Say whether what is needed answered a second ago; Redis is shown but not needed."""
    checks = await health.statuses()
    if all(checks[c.name] == "ok" for c in health.checks if c.is_required):
        return Ready(checks=dict(checks))
    return error_response(
        request.scope,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Not ready",
        headers={"Retry-After": "1"},
        checks=checks,
    )


async def _ask(check: Check) -> Status:
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await check.ask()
    except Exception:  # noqa: BLE001 - whatever it is, the dependency did not answer
        return "unavailable"
    return "ok"
