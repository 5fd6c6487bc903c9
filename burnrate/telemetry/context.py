"""What the code inside a request may know about it: its ids."""

from contextvars import ContextVar
from typing import NamedTuple


class RequestInfo(NamedTuple):
    """The ids of the request or WebSocket being served.

    `trace_id` (32 hex digits) and `span_id` (16) are there for requests that are not sampled, too:
    they still join the log lines of all services a request passed through.
    """

    request_id: str
    trace_id: str
    span_id: str
    is_sampled: bool


# The middleware sets and resets it; everybody else asks `current_request`.
current: ContextVar[RequestInfo | None] = ContextVar("burnrate_request", default=None)


def current_request() -> RequestInfo | None:
    """Return the ids of the request being served, None outside of one.

    Tasks and executor threads that the request starts see it as well.
    """
    return current.get()
