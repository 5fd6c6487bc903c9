"""Takes Alertmanager's webhook: token, body, payload, store, and only then 200.

Alertmanager retries 5xx within a flush and everything else at the next group_interval, so a
503 is the honest answer to a store that does not work now.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from alerting.inbox.changes import Changes
from alerting.inbox.errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    NotJSONError,
    NotPayloadError,
    StoreUnavailableError,
)
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.payload import Delivery, parse
from alerting.inbox.settings import Settings
from alerting.inbox.store.journal import WATCHDOG, Arrival, Recorded
from alerting.inbox.store.store import Store
from alerting.inbox.watch.watchdog import Watchdog
from alerting.inbox.web.body import read_body
from alerting.inbox.web.tokens import Tokens
from burnrate.telemetry import current_request

_log = logging.getLogger(__name__)

# What is left of a body that is refused unread must not be waited for.
_HANG_UP = {"Connection": "close"}
# Alertmanager, which had the right token, does not send these again before its next flush.
_LOST = frozenset({"too_large", "timeout", "invalid"})


class Receipt(BaseModel):
    """What a stored delivery is told."""

    delivery: int
    transitions: int


class Webhook:
    """The receiver of deliveries."""

    def __init__(
        self,
        settings: Settings,
        tokens: Tokens,
        store: Store,
        metrics: InboxMetrics,
        watchdog: Watchdog,
        changes: Changes,
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the parts it works with, and whom to call when Alertmanager's news was refused."""
        self._on_lost = on_lost
        self._watchdog = watchdog
        self._changes = changes
        self._settings = settings
        self._tokens = tokens
        self._store = store
        self._metrics = metrics

    async def receive(self, request: Request) -> Receipt:
        """Store one delivery of Alertmanager's; 2xx only once it is committed."""
        received_at = datetime.now(UTC)
        if not self._tokens.is_valid(request.headers.get("authorization", "")):
            challenge = {"WWW-Authenticate": "Bearer", **_HANG_UP}
            raise self._refusal("unauthorized", 401, "a valid bearer token is needed", challenge)
        body = await self._read(request)
        # In a thread: checking 8 MiB takes long enough for others to notice.
        delivery, kept = await self._parse(body)
        recorded = await self._record(delivery, kept, received_at)
        self._metrics.delivered("stored")
        self._metrics.changed(recorded.transitions, recorded.summary)
        self._pass_on(delivery, recorded)
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

    def _pass_on(self, delivery: Delivery, recorded: Recorded) -> None:
        for alert in delivery.alerts:
            if alert.labels.get("alertname") == WATCHDOG:
                self._watchdog.heard(is_firing=alert.status == "firing")
        if recorded.transitions:
            self._changes.ring()

    async def _read(self, request: Request) -> bytes:
        settings = self._settings
        try:
            return await read_body(request, settings.max_body_bytes, settings.body_timeout_seconds)
        except BodyTooLargeError as error:
            raise self._refusal("too_large", 413, str(error), _HANG_UP) from error
        except BodyTimeoutError as error:
            raise self._refusal("timeout", 408, str(error), _HANG_UP) from error
        except ClientDisconnect as error:
            raise self._refusal("disconnected", 400, "the client left") from error

    async def _parse(self, body: bytes) -> tuple[Delivery, str]:
        try:
            return await asyncio.to_thread(parse, body)
        except NotJSONError as error:
            raise self._refusal("invalid", 400, str(error)) from error
        except NotPayloadError as error:
            raise self._refusal("invalid", 422, str(error)) from error

    async def _record(self, delivery: Delivery, kept: str, received_at: datetime) -> Recorded:
        request = current_request()
        request_id = request.request_id if request else ""
        try:
            return await self._store.record(Arrival(delivery, kept, received_at, request_id))
        except StoreUnavailableError as error:
            _log.exception("a delivery could not be stored")
            raise self._refusal("unavailable", 503, "the store is not available") from error

    def _refusal(
        self, outcome: str, status: int, line: str, headers: dict[str, str] | None = None
    ) -> HTTPException:
        self._metrics.delivered(outcome)
        if outcome in _LOST:
            self._on_lost()
        level = logging.INFO if outcome == "disconnected" else logging.WARNING
        _log.log(level, "delivery refused", extra={"outcome": outcome, "reason": line})
        return HTTPException(status, line, headers)
