"""`/faults`."""

import asyncio
import logging
import os
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from starlette.exceptions import HTTPException

from api.faults.actions import Faults
from api.faults.schemas import (
    ActiveInjection,
    Burn,
    Done,
    Hold,
    Injection,
    Injections,
)
from api.faults.store import InjectionStore
from api.web.dependencies import provide
from api.web.errors import ErrorBody
from api.web.responses import error_responses

logger = logging.getLogger(__name__)

router = APIRouter(prefix="/faults", tags=["faults"], responses=error_responses(422))

Actions = Annotated[Faults, Depends(provide(Faults))]
Store = Annotated[InjectionStore, Depends(provide(InjectionStore))]
Status = Annotated[int, Query(ge=400, le=599)]


class DrillFailure(Exception):
    """Raised on purpose by a fault route."""


@router.get("/slow")
async def answer_slowly(seconds: Annotated[float, Query(gt=0, le=60)] = 1) -> Done:
    """Answer after a delay."""
    await asyncio.sleep(seconds)
    return _done("slow", seconds)


@router.get("/error", responses={"4XX": {"model": ErrorBody}, "5XX": {"model": ErrorBody}})
async def answer_error(status: Status = 500) -> Done:
    """Answer with an error; a 500 comes from an unhandled exception."""
    if status == 500:  # noqa: PLR2004
        raise DrillFailure("on purpose")
    raise HTTPException(status)


@router.post("/log")
async def log_errors(lines: Annotated[int, Query(ge=1, le=1_000)] = 1) -> Done:
    """Log errors and answer with success: only the logs show it."""
    for line in range(lines):
        logger.error("error on purpose", extra={"line": line})
    return _done("log", 0)


@router.post("/hold", responses=error_responses(503))
async def hold_connections(hold: Hold, actions: Actions) -> Done:
    """Keep connections of this worker's pool."""
    action = actions.hold_postgres if hold.pool == "postgres" else actions.hold_redis
    await action(hold.connections, hold.seconds)
    return _done(f"hold {hold.pool}", hold.seconds)


@router.post("/burn", responses=error_responses(503))
async def burn_executor(burn: Burn, actions: Actions) -> Done:
    """Occupy this worker's executor."""
    await actions.burn(burn.tasks, burn.seconds)
    return _done("burn", burn.seconds)


@router.post("/block")
async def block_loop(actions: Actions, seconds: Annotated[float, Query(gt=0, le=10)] = 1) -> Done:
    """Block this worker's event loop."""
    actions.block(seconds)
    return _done("block", seconds)


@router.post("/injections", status_code=201, responses=error_responses(503))
async def add_injection(injection: Injection, store: Store) -> ActiveInjection:
    """Inject a fault into a normal route, in every worker within about a second."""
    return await store.add(injection)


@router.get("/injections", responses=error_responses(503))
async def list_injections(store: Store) -> Injections:
    """List what is injected now."""
    return Injections(items=await store.read())


@router.delete("/injections", status_code=204, responses=error_responses(503))
async def clear_injections(store: Store) -> Response:
    """Remove all injections."""
    await store.clear()
    return Response(status_code=204)


def _done(fault: str, seconds: float) -> Done:
    return Done(fault=fault, seconds=seconds, pid=os.getpid())
