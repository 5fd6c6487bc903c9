"""The stream of changes, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Header, Query
from pydantic import BaseModel, ConfigDict
from pydantic.types import AwareDatetime
from starlette.responses import StreamingResponse

from alerting.inbox.changes import Changes, wait
from alerting.inbox.errors import StoreUnavailableError, TooManyStreamsError
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.store.episodes import Kind, State
from alerting.inbox.store.store import Store
from alerting.inbox.store.transitions import StoredChange

# Proxies and phones drop what is silent for half a minute or more.
_KEEP_ALIVE_SECONDS = 15.0
_BATCH = 100
# Each costs a connection and a read for every change.
_MAX_STREAMS = 100
_ID_MAX = 2**63 - 1

LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=64)]
After = Annotated[
    int | None, Query(ge=0, le=_ID_MAX, description="as Last-Event-ID, which wins over it")
]


class ChangeOut(BaseModel):
    """One change; `alert` is the id to ask `/alerts/{id}` for."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: AwareDatetime
    kind: Kind
    alert: int
    state: State
    alertname: str
    severity: str
    service: str
    author: str
    text: str


class Stream:
    """Sends each change once to whoever follows, from where they left off."""

    def __init__(self, store: Store, changes: Changes, metrics: InboxMetrics) -> None:
        """Take what to read and what wakes the readers."""
        self._store = store
        self._changes = changes
        self._metrics = metrics
        self._count = 0

    async def follow(
        self, after: After = None, last_event_id: LastEventId = None
    ) -> StreamingResponse:
        """Follow the changes.

        Without a place to go on from, only what happens from now on is sent. An event `reset` says
        that changes after that place are no longer kept: read the lists again. An event `wake`
        says that something else is worth a look, the watchdog for one.
        """
        if self._count >= _MAX_STREAMS:
            raise TooManyStreamsError
        place = _place(last_event_id, after)
        known = await self._store.range_of_changes()
        is_reset = place is not None and not known.oldest - 1 <= place <= known.newest
        begin = known.newest if place is None or is_reset else place
        return StreamingResponse(
            self._events(begin, is_reset=is_reset),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def _events(self, last_id: int, *, is_reset: bool) -> AsyncIterator[str]:
        self._add(1)
        try:
            yield "retry: 2000\n\n"
            if is_reset:
                yield f"event: reset\nid: {last_id}\ndata: {{}}\n\n"
            while not self._changes.is_closed:
                bell = self._changes.bell
                try:
                    found = await self._store.changes_after(last_id, _BATCH)
                except StoreUnavailableError:
                    return  # the client comes back by itself, with its place
                for change in found:
                    yield _event(change)
                    last_id = change.id
                if found:
                    continue
                await wait(bell, _KEEP_ALIVE_SECONDS)
                yield "event: wake\ndata: {}\n\n" if bell.is_set() else ": still here\n\n"
        finally:
            self._add(-1)

    def _add(self, number: int) -> None:
        self._count += number
        self._metrics.show_streams(self._count)


def _place(last_event_id: str | None, after: int | None) -> int | None:
    """A browser sends back what it got; anything else there is not ours and is ignored."""
    digits = (last_event_id or "").strip()
    if digits.isascii() and digits.isdecimal():
        return min(int(digits), _ID_MAX)
    return after


def _event(change: StoredChange) -> str:
    out = ChangeOut(
        id=change.id,
        at=change.at,
        kind=change.kind,
        alert=change.episode_id,
        state=change.state,
        alertname=change.alertname,
        severity=change.severity,
        service=change.service,
        author=change.author,
        text=change.text,
    )
    # JSON has no raw line breaks, so one data line holds it whatever is in a label.
    return f"event: change\nid: {change.id}\ndata: {out.model_dump_json()}\n\n"
