"""Answers what a supervisor asks."""

from fastapi.responses import JSONResponse
from starlette.responses import Response

from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.store import Store


class Health:
    """Answers liveness and readiness."""

    def __init__(self, store: Store) -> None:
        """Take the store that readiness tries."""
        self._store = store

    async def live(self) -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    async def ready(self) -> Response:
        """Say whether a delivery could be stored now, by doing all that one does."""
        try:
            await self._store.probe()
        except StoreUnavailableError as error:
            return JSONResponse({"status": "unavailable", "store": str(error)}, 503)
        lost = self._store.losses().set_aside
        return JSONResponse({"status": "ok", "store": "ok", "set_aside": list(lost)})
