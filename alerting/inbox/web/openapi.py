"""What the OpenAPI document says beyond what the signatures say: errors, and bodies read raw."""

from typing import Any

from pydantic import BaseModel, Field

from alerting.inbox.web.delivery import AlertPayload, DeliveryPayload
from alerting.inbox.web.requests import ActionBody
from alerting.inbox.web.silencing import SilenceBody

Responses = dict[int | str, dict[str, Any]]

_DESCRIPTIONS = {
    400: "The body is not JSON, or the client left before its end",
    401: "No valid bearer token",
    403: "A browser sent this for another site's page",
    404: "There is no such thing",
    408: "The body did not arrive in time",
    413: "The body is too large",
    422: "A value cannot be used",
    500: "Something unexpected happened",
    503: "The store is not available; try again",
}
_FORMS = ("application/json", "application/x-www-form-urlencoded")
READ = (422, 503)
READ_ONE = (404, *READ)
WRITE = (400, 403, 404, 408, 413, *READ)
DELIVER = (400, 401, 408, 413, *READ)


class ErrorOut(BaseModel):
    """The body of every error."""

    error: str = Field(description="One line, never with what the client sent")
    request_id: str | None = Field(description="The id in the logs")


def errors(*statuses: int) -> Responses:
    """Describe these errors and the one that every route may answer."""
    return {
        status: {"model": ErrorOut, "description": _DESCRIPTIONS[status]}
        for status in sorted({*statuses, 500})
    }


def errors_of_a_stream(*statuses: int) -> Responses:
    """Describe these errors of a route that answers with a stream: they are JSON all the same."""
    # FastAPI would give a model the route's own media type. The schema is there by other routes.
    schema = {"$ref": f"#/components/schemas/{ErrorOut.__name__}"}
    return {
        status: {
            "description": described["description"],
            "content": {"application/json": {"schema": schema}},
        }
        for status, described in errors(*statuses).items()
    }


def delivery_body() -> dict[str, Any]:
    """Describe Alertmanager's webhook payload."""
    schema = DeliveryPayload.model_json_schema()
    del schema["$defs"]
    # Inline: a reference to `$defs` would mean the document's root.
    schema["properties"]["alerts"]["items"] = AlertPayload.model_json_schema()
    return _body({"application/json": schema}, is_required=True)


def action_body() -> dict[str, Any]:
    """Describe what a person may send with an action, as JSON or as a form."""
    schema = ActionBody.model_json_schema()
    return _body(dict.fromkeys(_FORMS, schema), is_required=False)


def silence_body() -> dict[str, Any]:
    """Describe a silence as it is asked for, as JSON or as a form."""
    return _body(dict.fromkeys(_FORMS, SilenceBody.model_json_schema()), is_required=True)


def _body(schemas: dict[str, Any], *, is_required: bool) -> dict[str, Any]:
    content = {media_type: {"schema": schema} for media_type, schema in schemas.items()}
    return {"requestBody": {"required": is_required, "content": content}}
