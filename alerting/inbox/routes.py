"""The inbox's addresses."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.responses import Response

from alerting.inbox.alerts import Alerts
from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.store import Store
from alerting.inbox.webhook import Webhook


class Health:
    """What a supervisor asks."""

    def __init__(self, store: Store) -> None:
        """Take the store that readiness tries."""
        self._store = store

    async def live(self) -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    async def ready(self) -> Response:
        """Say whether a delivery could be stored now, by writing and reading a row."""
        try:
            await self._store.probe()
        except StoreUnavailableError as error:
            return JSONResponse({"status": "unavailable", "store": str(error)}, 503)
        return JSONResponse({"status": "ok", "store": "ok"})


def make_router(webhook: Webhook, store: Store) -> APIRouter:
    """Bind the addresses to what answers them."""
    health = Health(store)
    alerts = Alerts(store)
    router = APIRouter()
    router.add_api_route("/webhooks/alertmanager", webhook.receive, methods=["POST"])
    router.add_api_route("/alerts", alerts.list, methods=["GET"])
    router.add_api_route("/alerts/{alert_id}", alerts.get, methods=["GET"])
    router.add_api_route("/health/live", health.live, methods=["GET"])
    router.add_api_route("/health/ready", health.ready, methods=["GET"])
    return router
