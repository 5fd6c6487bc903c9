"""Takes Alertmanager's webhook: token, body, payload, store, and only then 200.

Alertmanager retries 5xx within a flush and everything else at the next group_interval, so a
503 is the honest answer to a store that does not work now.
"""

import asyncio
import logging
from datetime import UTC, datetime

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from alerting.inbox.errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    NotJSONError,
    NotPayloadError,
    StoreUnavailableError,
)
from alerting.inbox.store import Delivery, Recorded, Store
from alerting.inbox.watch import DeliveryEffects
from alerting.inbox.web.delivery.payload import DeliveryPayload, parse
from alerting.inbox.web.delivery.tokens import Tokens
from alerting.inbox.web.requests import BodyLimits, read_body
from burnrate.telemetry import current_request

_log = logging.getLogger(__name__)

# What is left of a body that is refused unread must not be waited for.
_HANG_UP = {"Connection": "close"}


class Receipt(BaseModel):
    """The answer to a stored delivery: its id, and how many alerts it changed."""

    delivery: int
    transitions: int


class Webhook:
    """Receives deliveries."""

    def __init__(
        self, tokens: Tokens, limits: BodyLimits, store: Store, effects: DeliveryEffects
    ) -> None:
        """Take each step's part, in their order: who may, how much, where to, and what follows."""
        self._tokens = tokens
        self._limits = limits
        self._store = store
        self._effects = effects

    async def receive(self, request: Request) -> Receipt:
        """Store one delivery of Alertmanager's; 2xx only once it is committed.

        Raises:
            HTTPException: 400, 401, 408, 413, 422 or 503, and nothing is stored.
        """
        received_at = datetime.now(UTC)
        self._authorize(request)
        body = await self._read(request)
        # In a thread: checking 8 MiB takes long enough for others to notice.
        payload, kept = await self._parse(body)
        delivery = payload.delivery(kept, received_at, _request_id())
        recorded = await self._record(delivery)
        self._effects.stored(delivery, recorded)
        _log.info(
            "delivery stored",
            extra={
                "delivery": recorded.delivery_id,
                "receiver": delivery.receiver,
                "alerts": len(delivery.alerts),
                "transitions": recorded.transitions,
            },
        )
        return Receipt(delivery=recorded.delivery_id, transitions=recorded.transitions)

    def _authorize(self, request: Request) -> None:
        if not self._tokens.is_valid(request.headers.get("authorization", "")):
            challenge = {"WWW-Authenticate": "Bearer", **_HANG_UP}
            raise self._refusal("unauthorized", 401, "a valid bearer token is needed", challenge)

    async def _read(self, request: Request) -> bytes:
        try:
            return await read_body(request, self._limits)
        except BodyTooLargeError as error:
            raise self._refusal("too_large", 413, str(error), _HANG_UP) from error
        except BodyTimeoutError as error:
            raise self._refusal("timeout", 408, str(error), _HANG_UP) from error
        except ClientDisconnect as error:
            raise self._refusal("disconnected", 400, "the client left") from error

    async def _parse(self, body: bytes) -> tuple[DeliveryPayload, str]:
        try:
            return await asyncio.to_thread(parse, body)
        except NotJSONError as error:
            raise self._refusal("invalid", 400, str(error)) from error
        except NotPayloadError as error:
            raise self._refusal("invalid", 422, str(error)) from error

    async def _record(self, delivery: Delivery) -> Recorded:
        try:
            return await self._store.record(delivery)
        except StoreUnavailableError as error:
            _log.exception("a delivery could not be stored")
            self._effects.not_stored(str(error))
            raise self._refusal("unavailable", 503, "the store is not available") from error

    def _refusal(
        self, outcome: str, status: int, line: str, headers: dict[str, str] | None = None
    ) -> HTTPException:
        self._effects.refused(outcome)
        level = logging.INFO if outcome == "disconnected" else logging.WARNING
        _log.log(level, "delivery refused", extra={"outcome": outcome, "reason": line})
        return HTTPException(status, line, headers)


def _request_id() -> str:
    request = current_request()
    return request.request_id if request else ""
