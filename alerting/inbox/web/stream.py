"""The stream of changes, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html; FastAPI writes the frames and a
comment each 15 s, since proxies and phones drop what is silent for half a minute or more.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query
from fastapi.sse import ServerSentEvent
from pydantic import BaseModel, ConfigDict
from pydantic.types import AwareDatetime

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.errors import StoreUnavailableError, TooManyStreamsError
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.store import Kind, State, Store, StoredChange

_RETRY_MILLISECONDS = 2000
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


@dataclass(frozen=True, slots=True)
class Start:
    """The id after which a stream begins, and whether that is another than was asked for."""

    after_id: int
    is_reset: bool


class Stream:
    """Sends each change once to each follower, from where they left off."""

    def __init__(self, store: Store, changes: ChangeSignal, metrics: InboxMetrics) -> None:
        """Take what to read, what wakes the readers, and where their number is shown."""
        self._store = store
        self._changes = changes
        self._metrics = metrics
        self._count = 0

    def endpoint(self) -> Callable[..., AsyncIterator[ServerSentEvent]]:
        """Return the route's function: a refusal must come before the first event."""

        async def follow(
            start: Annotated[Start, Depends(self._admit)],
        ) -> AsyncIterator[ServerSentEvent]:
            """Follow the changes.

            Without a place to go on from, only what happens from now on is sent. An event `reset`
            says that changes after that place are no longer kept: read the lists again. An event
            `wake` says that something else is worth a look, the watchdog for one.
            """
            async for event in self._events(start):
                yield event

        return follow

    async def _admit(
        self, after: After = None, last_event_id: LastEventId = None
    ) -> AsyncIterator[Start]:
        if self._count >= _MAX_STREAMS:
            raise TooManyStreamsError
        self._add(1)
        try:
            place = _place(last_event_id, after)
            known = await self._store.range_of_changes()
            is_reset = place is not None and not known.oldest - 1 <= place <= known.newest
            yield Start(known.newest if place is None or is_reset else place, is_reset)
        finally:
            self._add(-1)

    async def _events(self, start: Start) -> AsyncIterator[ServerSentEvent]:
        last_id = start.after_id
        yield ServerSentEvent(retry=_RETRY_MILLISECONDS)
        if start.is_reset:
            yield ServerSentEvent(event="reset", id=str(last_id), data={})
        while not self._changes.is_closed:
            changed = self._changes.next
            try:
                found = await self._store.changes_after(last_id, _BATCH)
            except StoreUnavailableError:
                return  # the client comes back by itself, with its place
            for change in found:
                yield _event(change)
                last_id = change.id
            if not found:
                await changed.wait()
                yield ServerSentEvent(event="wake", data={})

    def _add(self, number: int) -> None:
        self._count += number
        self._metrics.show_streams(self._count)


def _place(last_event_id: str | None, after: int | None) -> int | None:
    """A browser sends back what it got; anything else there is not ours and is ignored."""
    digits = (last_event_id or "").strip()
    if digits.isascii() and digits.isdecimal():
        return min(int(digits), _ID_MAX)
    return after


def _event(change: StoredChange) -> ServerSentEvent:
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
    return ServerSentEvent(event="change", id=str(change.id), data=out)
