"""Alertmanager's webhook payload, version 4, and what is done to a body before it is stored.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

import json
import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from alerting.inbox.errors import NotJSONError, NotPayloadError
from alerting.inbox.store import Alert, Delivery, State, cut, storable

# The payload itself nests three levels; the rest is room for fields that are not invented yet.
_MAX_DEPTH = 32
# No number of the payload is near it, and Python refuses to read integers of 4,300 digits.
_MAX_DIGITS = 300
_MAX_REASON = 120
_INT64_MAX = 2**63 - 1

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
# Go's zero time, by which Alertmanager says "not ended".
_ZERO_TIME = datetime(1, 1, 1, tzinfo=UTC)


def _time(value: object) -> datetime:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("an RFC 3339 time is needed")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("a time that exists is needed") from None


def _end(value: object) -> datetime | None:
    time = None if value is None else _time(value)
    return None if time == _ZERO_TIME else time


def _pairs(value: object) -> object:
    return {} if value is None else value  # Go writes an empty map that was never made as null


Time = Annotated[datetime, BeforeValidator(_time)]
End = Annotated[datetime | None, BeforeValidator(_end)]
Pairs = Annotated[dict[str, str], BeforeValidator(_pairs)]
Status = Literal["firing", "resolved"]


class _Payload(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class AlertPayload(_Payload):
    """One alert of a delivery; `ends_at` is None while it has not ended."""

    status: Status
    labels: Pairs
    annotations: Pairs = {}
    starts_at: Time = Field(alias="startsAt")
    ends_at: End = Field(alias="endsAt", default=None)
    generator_url: str = Field(alias="generatorURL", default="")
    fingerprint: str = Field(min_length=1)

    def alert(self) -> Alert:
        """The alert as the store takes it."""
        return Alert(
            state=State(self.status),
            fingerprint=self.fingerprint,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            labels=self.labels,
            annotations=self.annotations,
            generator_url=self.generator_url,
        )


class DeliveryPayload(_Payload):
    """One notification: the alerts of one group, for one receiver."""

    version: Literal["4"]
    receiver: str
    status: Status
    alerts: list[AlertPayload]
    group_key: str = Field(alias="groupKey", default="")
    truncated_alerts: int = Field(alias="truncatedAlerts", default=0, ge=0, le=_INT64_MAX)
    external_url: str = Field(alias="externalURL", default="")

    def delivery(self, body: str, received_at: datetime, request_id: str) -> Delivery:
        """The delivery as the store takes it; `body` is the JSON to keep of it."""
        return Delivery(
            receiver=self.receiver,
            status=self.status,
            alerts=tuple(alert.alert() for alert in self.alerts),
            body=body,
            received_at=received_at,
            request_id=request_id,
            group_key=self.group_key,
            external_url=self.external_url,
            truncated_alerts=self.truncated_alerts,
        )


def parse(body: bytes) -> tuple[DeliveryPayload, str]:
    """Return the payload and the JSON to keep: all its fields, storable.

    Text that a store chokes on is cleaned, since one bad alert must not block the healthy
    ones beside it: NUL, lone surrogates and bytes that are not UTF-8 become U+FFFD, and numbers
    no double can hold become text.

    Raises:
        NotJSONError: the body is not JSON, or nested without end.
        NotPayloadError: the body is not a payload of version 4.
    """
    content = _load(body)
    try:
        payload = DeliveryPayload.model_validate(content)
    except ValidationError as error:
        raise NotPayloadError(_reason(error)) from None
    return payload, json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _load(body: bytes) -> object:
    try:
        raw = json.loads(
            body.decode("utf-8-sig", "replace"),
            parse_constant=_refuse,
            parse_float=_number,
            parse_int=_integer,
        )
        return _storable(raw)
    except json.JSONDecodeError as error:
        raise NotJSONError(f"not JSON: line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise NotJSONError("nested too deep") from None


def _refuse(_constant: str) -> NoReturn:
    raise NotJSONError("not JSON: NaN and Infinity are no numbers")


def _number(literal: str) -> float | str:
    number = float(literal)
    return number if math.isfinite(number) else cut(literal)


def _integer(literal: str) -> int | str:
    return int(literal) if len(literal) <= _MAX_DIGITS else cut(literal)


def _storable(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 (JSON is any of six types)
    if depth > _MAX_DEPTH:
        raise NotJSONError("nested too deep")
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {storable(name): _storable(item, depth + 1) for name, item in value.items()}
    return value


def _reason(error: ValidationError) -> str:
    """Name the first fault by our own field names only: a key may be the sender's text."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    fields = {*_names(DeliveryPayload), *_names(AlertPayload)}
    place: list[str] = []
    for part in first["loc"]:
        if isinstance(part, str) and part not in fields:
            break
        place.append(str(part))
        if part in {"labels", "annotations"}:
            break
    fault = first["msg"].removeprefix("Value error, ")
    return f"{'.'.join(place) or 'payload'}: {fault}"[:_MAX_REASON]


def _names(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}
