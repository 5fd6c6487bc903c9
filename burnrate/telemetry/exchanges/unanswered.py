"""A request while its answer has not begun, and what becomes of it at its deadline.

One that is not answered by its deadline is counted then, by the thread that looks at what
is open. Whoever takes the exchange out of the recorder's `open` counts it, and nobody else: the
deletion is one atomic operation of the interpreter (decision 21).
"""

import logging
from time import perf_counter
from typing import Final

from opentelemetry.context import Context
from starlette.types import Message, Receive, Scope

from burnrate.telemetry.context import RequestInfo, current
from burnrate.telemetry.endpoints import UNMATCHED
from burnrate.telemetry.exchanges import answer
from burnrate.telemetry.exchanges.answer import INTERNAL_ERROR
from burnrate.telemetry.failures import failed, guard
from burnrate.telemetry.recorder import HttpRecorder
from burnrate.telemetry.traces import Outcome, ServerSpan

# nginx's own number for it; no registered status says that the client left before the answer.
CLIENT_CLOSED_REQUEST: Final = 499
# What a request counts as that passed its deadline.
GATEWAY_TIMEOUT: Final = 504
_log: Final = logging.getLogger("burnrate.overdue")


class Unanswered:
    """Knows since when a request waits for its answer, and has it counted once.

    Attributes:
        request: The request's ids.
        span: The request's server span, if it is sampled and ours.
        routed: The request's scope as its router sees it: a middleware may have copied it.
        parent: The caller's context, if it sent any and there are traces.
    """

    # An attribute that only the class has is the slowest to look up, and each request asks for many
    # of these, some several times; so `HttpExchange` sets all of them, in one function.
    __slots__ = (
        "_is_body_read",
        "_is_client_gone",
        "_is_counted",
        "_is_overdue",
        "_is_reading",
        "_read_seconds",
        "_receive",
        "_recorder",
        "_scope",
        "_start",
        "_started",
        "counted_as",
        "is_exempt",
        "parent",
        "request",
        "routed",
        "span",
    )

    request: RequestInfo
    routed: Scope
    span: ServerSpan | None
    parent: Context | None
    _started: float
    _scope: Scope
    _receive: Receive
    _recorder: HttpRecorder
    _start: Message | None
    _is_client_gone: bool
    _is_body_read: bool
    # Whether it waits for the client's body now, and when the last of it came: from then on its
    # deadline counts, as in nginx.
    _is_reading: bool
    _read_seconds: float
    # No deadline goes for it any more: its answer has begun, or it never had one.
    is_exempt: bool
    # Somebody else has taken it out of `open`, and counted it with `counted_as`.
    _is_counted: bool
    counted_as: int | None
    _is_overdue: bool

    def begin_answer(self, message: Message) -> None:
        """Leave the deadline behind: the client is getting something, and more is to come."""
        if self.is_exempt or not message.get("body", True):
            return
        seconds = perf_counter() - self._started
        if self.claim():
            with guard("requests"):
                if self.has_passed(seconds):
                    self._is_counted = True
                    self.counted_as = GATEWAY_TIMEOUT
                    self._count_open(GATEWAY_TIMEOUT, seconds)
        self.is_exempt = True

    def look(self) -> bool:
        """Count it if it has passed its deadline; any thread may ask.

        Returns:
            Whether it is so old that it may have.
        """
        seconds = perf_counter() - self._started
        if seconds < self._recorder.limits.shortest:
            return False
        if self.has_passed(seconds):
            is_left = self._is_client_gone or is_disconnected(self._receive)
            self._settle(CLIENT_CLOSED_REQUEST if is_left else GATEWAY_TIMEOUT, seconds)
        return True

    def abandon(self) -> None:
        """Count it as failed: its process ends before it."""
        self._settle(INTERNAL_ERROR, perf_counter() - self._started)

    def has_passed(self, seconds: float) -> bool:
        if self.is_exempt or self._is_reading:
            return False
        if seconds - self._read_seconds <= self._recorder.limits.of(self.routed):
            return False
        # There may be no event to tell of for as long as that.
        return self._start is None or not answer.is_event_stream(self._start)

    def claim(self) -> bool:
        """Say whether it is ours to count: whoever else took it out of `open` has done it."""
        try:
            del self._recorder.open[self]
        except KeyError:
            self._is_counted = True
            return False
        return True

    def _settle(self, status: int, seconds: float) -> None:
        """Count it before its end, unless it is over just now."""
        self.counted_as = status  # before it is taken: its own task reads it next
        try:
            del self._recorder.open[self]
        except KeyError:
            return
        self._count_open(status, seconds)

    def _count_open(self, status: int, seconds: float) -> None:
        endpoint, method, request = self._resolve(), self._scope["method"], self.request
        has_late_span = status >= INTERNAL_ERROR and self._recorder.takes_late_span(
            request, endpoint, status, seconds
        )
        self._recorder.record_open(
            method, endpoint, status, seconds, request, has_late_span=has_late_span
        )
        is_overdue = status == GATEWAY_TIMEOUT
        if is_overdue:
            self._recorder.count_overdue(method, endpoint)
        if status < INTERNAL_ERROR:
            return
        outcome = Outcome(endpoint, status, None, self._started, seconds, is_overdue)
        if self.span is not None:
            with guard("traces"):
                self.span.finish(endpoint, status, None, is_overdue=is_overdue)
        elif has_late_span:
            self._recorder.make_late(self._scope, request, self.parent, outcome)
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        """Say now what the request's own line will say only if its process lives until then."""
        method, path = self._scope["method"], self._scope["path"]
        token = current.set(self.request)
        try:
            _log.warning(
                "%s %s %s",
                method,
                path,
                "has passed its deadline" if outcome.is_overdue else "is left without an answer",
                extra={
                    "method": method,
                    "path": path,
                    "route": outcome.endpoint,
                    "open_seconds": round(outcome.seconds, 6),
                },
            )
        finally:
            current.reset(token)

    @property
    def is_traced(self) -> bool:
        """Whether its trace has got all there is already."""
        return self._is_counted and self.counted_as != CLIENT_CLOSED_REQUEST

    def _resolve(self) -> str:
        try:
            return self._recorder.endpoints.resolve(self.routed)
        except Exception as error:  # noqa: BLE001 - counted all the same, as `unmatched`
            failed("requests", error)
            return UNMATCHED


def is_disconnected(receive: Receive) -> bool:
    """Ask uvicorn whether the client left; asking by `receive` could wait for ever.

    uvicorn passes a bound method of its request cycle and drops in silence what is sent to a
    client that is gone, so nothing else would tell a handler that never reads.
    """
    return getattr(getattr(receive, "__self__", None), "disconnected", False) is True
