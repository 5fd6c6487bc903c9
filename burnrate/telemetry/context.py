"""What the code inside a request may know about it: its ids."""

from contextvars import ContextVar
from time import time_ns
from typing import Final, NamedTuple


class RequestInfo(NamedTuple):
    """The ids of the request or WebSocket being served.

    `trace_id` (32 hex digits) and `span_id` (16) are there for requests that are not sampled, too:
    they still join the log lines of all services a request passed through.

    `waits` is None unless a trace may yet be written of a request that is not sampled: then the
    pools note there how long it waited for them.
    """

    request_id: str
    trace_id: str
    span_id: str
    is_sampled: bool
    waits: "list[PoolWait] | None" = None


class PoolWait(NamedTuple):
    """How long a request waited for a pool, and what came of it."""

    pool: str
    outcome: str
    seconds: float
    ended_at_ns: int


# A request that asks a pool in a loop must not fill its memory with notes.
_MAX_WAITS: Final = 32

# The middleware sets and resets it; everybody else asks `current_request`.
current: ContextVar[RequestInfo | None] = ContextVar("burnrate_request", default=None)


def current_request() -> RequestInfo | None:
    """Return the ids of the request being served, None outside of one.

    Tasks and executor threads that the request starts see it as well.
    """
    return current.get()


def note_wait(pool: str, outcome: str, seconds: float) -> None:
    """Note a wait for a pool that has just ended, where a trace may yet be written of it."""
    request = current.get()
    if request is not None and request.waits is not None and len(request.waits) < _MAX_WAITS:
        request.waits.append(PoolWait(pool, outcome, seconds, time_ns()))
