"""The inbox's addresses."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.responses import Response

from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.page.frame import asset
from alerting.inbox.store.store import Store
from alerting.inbox.web.actions import Acts
from alerting.inbox.web.alerts import Alerts
from alerting.inbox.web.documentation import (
    DELIVER,
    READ,
    READ_ONE,
    WRITE,
    Responses,
    delivery_body,
    errors,
    words_body,
)
from alerting.inbox.web.pages import Pages
from alerting.inbox.web.runbooks import Runbooks
from alerting.inbox.web.stream import Stream
from alerting.inbox.web.webhook import Webhook


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


@dataclass(frozen=True, slots=True)
class Answerers:
    """Who answers what."""

    webhook: Webhook
    alerts: Alerts
    acts: Acts
    stream: Stream
    runbooks: Runbooks
    pages: Pages
    health: Health


def make_router(to: Answerers) -> APIRouter:
    """Bind the addresses to what answers them."""
    router = APIRouter()
    get, post = ["GET"], ["POST"]
    router.add_api_route(
        "/webhooks/alertmanager",
        to.webhook.receive,
        methods=post,
        responses=errors(*DELIVER),
        openapi_extra=delivery_body(),
    )
    router.add_api_route("/alerts", to.alerts.list, methods=get, responses=errors(*READ))
    router.add_api_route(
        "/alerts/{alert_id}", to.alerts.get, methods=get, responses=errors(*READ_ONE)
    )
    not_ready: Responses = {503: {"description": "No delivery could be stored now"}}
    # A form is answered with the way back to the page.
    shown: Responses = {303: {"description": "Done, for a form: see the alert"}}
    for name, act in (
        ("acknowledge", to.acts.acknowledge),
        ("unacknowledge", to.acts.unacknowledge),
        ("comment", to.acts.comment),
    ):
        router.add_api_route(
            f"/alerts/{{alert_id}}/{name}",
            act,
            methods=post,
            status_code=204,
            responses={**shown, **errors(*WRITE)},
            openapi_extra=words_body(),
        )
    router.add_api_route("/events", to.stream.follow, methods=get, responses=errors(*READ))
    router.add_api_route(
        "/runbooks/{name}",
        to.runbooks.show,
        methods=get,
        response_class=Response,
        responses={200: {"content": {"text/plain": {}, "text/markdown": {}}}, **errors(404, 422)},
    )
    router.add_api_route("/health/live", to.health.live, methods=get)
    router.add_api_route("/health/ready", to.health.ready, methods=get, responses=not_ready)
    for path, page in (
        ("/", to.pages.front),
        ("/fragment", to.pages.front_fragment),
        ("/episodes/{alert_id}", to.pages.episode),
        ("/episodes/{alert_id}/fragment", to.pages.episode_fragment),
        ("/assets/{name}", asset),
    ):
        router.add_api_route(path, page, methods=get, include_in_schema=False)
    return router
