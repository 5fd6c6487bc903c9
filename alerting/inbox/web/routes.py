"""The inbox's addresses."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.sse import EventSourceResponse
from starlette.responses import Response

from alerting.inbox.page import asset
from alerting.inbox.web.actions import Actions
from alerting.inbox.web.alerts import Alerts
from alerting.inbox.web.delivery import Webhook
from alerting.inbox.web.desk import Desk, add_desk
from alerting.inbox.web.glance import Glance
from alerting.inbox.web.health import Health
from alerting.inbox.web.incidents import Incidents
from alerting.inbox.web.openapi import (
    DELIVER,
    READ,
    READ_ONE,
    WRITE,
    Responses,
    action_body,
    delivery_body,
    errors,
    errors_of_a_stream,
    silence_body,
)
from alerting.inbox.web.pages import Pages
from alerting.inbox.web.silencing import Silences
from alerting.inbox.web.stream import Stream


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What the addresses are bound to."""

    webhook: Webhook
    alerts: Alerts
    actions: Actions
    incidents: Incidents
    silences: Silences
    stream: Stream
    desk: Desk
    pages: Pages
    glance: Glance
    health: Health


def make_router(to: Endpoints) -> APIRouter:
    """Return a router in which every address is bound to what answers it."""
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
    for name, action in (
        ("acknowledge", to.actions.acknowledge),
        ("unacknowledge", to.actions.unacknowledge),
        ("comment", to.actions.comment),
    ):
        router.add_api_route(
            f"/alerts/{{alert_id}}/{name}",
            action,
            methods=post,
            status_code=204,
            responses={**shown, **errors(*WRITE)},
            openapi_extra=action_body(),
        )
    add = router.add_api_route
    # The page of an incident is at its address; programs find it below /api.
    add("/api/incidents", to.incidents.list, methods=get, responses=errors(*READ))
    add("/api/incidents/{incident_id}", to.incidents.get, methods=get, responses=errors(*READ_ONE))
    for name, word in (
        ("on-it", to.incidents.on_it),
        ("release", to.incidents.release),
        ("comment", to.incidents.comment),
    ):
        add(
            f"/incidents/{{incident_id}}/{name}",
            word,
            methods=post,
            status_code=204,
            responses={**shown, **errors(*WRITE)},
            openapi_extra=action_body(),
        )
    unchanged: Responses = {304: {"description": "The same as with that ETag"}}
    add("/state", to.glance.show, methods=get, response_class=Response, responses=unchanged)
    made: Responses = {303: {"description": "Done, for a form: see the silences"}}
    add(
        "/silences",
        to.silences.create,
        methods=post,
        status_code=201,
        responses={**made, **errors(*WRITE)},
        openapi_extra=silence_body(),
    )
    add(
        "/silences/{silence_id}/end",
        to.silences.end,
        methods=post,
        status_code=204,
        responses={**made, **errors(*WRITE)},
    )
    add(
        "/now/{service:path}",
        to.incidents.now,
        methods=get,
        status_code=302,
        response_class=Response,
        responses=errors(*READ_ONE),
    )
    router.add_api_route(
        "/events",
        to.stream.endpoint(),
        methods=get,
        response_class=EventSourceResponse,
        responses=errors_of_a_stream(*READ),
    )
    add_desk(router, to.desk)
    router.add_api_route("/health/live", to.health.live, methods=get)
    router.add_api_route("/health/ready", to.health.ready, methods=get, responses=not_ready)
    for path, page in (
        ("/", to.pages.front),
        ("/fragment", to.pages.front_fragment),
        ("/episodes/{alert_id}", to.pages.episode),
        ("/episodes/{alert_id}/fragment", to.pages.episode_fragment),
        ("/incidents/{incident_id}", to.pages.incident),
        ("/incidents/{incident_id}/fragment", to.pages.incident_fragment),
        ("/silences", to.silences.show),
        ("/silences/fragment", to.silences.show_fragment),
        ("/silences/new", to.silences.form),
        ("/assets/{name:path}", asset),
    ):
        router.add_api_route(path, page, methods=get, include_in_schema=False)
    return router
