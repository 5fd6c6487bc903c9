"""Is the process alive, and can it serve?"""

import asyncio
from collections.abc import Awaitable, Callable
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

Status = Literal["ok", "unavailable"]


@dataclass(frozen=True)
class Check:
    """One dependency: `ask` returns when it has answered and raises when it has not."""

    name: str
    ask: Callable[[], Awaitable[object]]
    is_required: bool


@dataclass(frozen=True)
class HealthChecks:
    """All dependencies."""

    checks: tuple[Check, ...]


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
    """Say whether what is needed answers; Redis is shown but not needed."""
    statuses = await asyncio.gather(*(_ask(check) for check in health.checks))
    checks = {c.name: status for c, status in zip(health.checks, statuses, strict=True)}
    if all(checks[c.name] == "ok" for c in health.checks if c.is_required):
        return Ready(checks=checks)
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
