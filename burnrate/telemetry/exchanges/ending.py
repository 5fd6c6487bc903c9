"""The end of a request: what is counted and logged of it, whatever its course was.

Most requests end well and in time: `HttpExchange` has a short way for them, with the same result.
"""

import asyncio
import logging
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Message

from burnrate.telemetry.exchanges import answer
from burnrate.telemetry.exchanges.answer import INTERNAL_ERROR
from burnrate.telemetry.exchanges.unanswered import (
    CLIENT_CLOSED_REQUEST,
    GATEWAY_TIMEOUT,
    Unanswered,
    is_disconnected,
)
from burnrate.telemetry.failures import failed, guard
from burnrate.telemetry.logs import RequestLine, mark_logged
from burnrate.telemetry.metrics import HTTP_METHODS
from burnrate.telemetry.traces import Outcome

_WRITTEN: Final = "http.response.body"
# What fits into the buffers of socket and server, so that sending it waits for no client.
_SHORT_BYTES: Final = 65_536
_background: Final = logging.getLogger("burnrate.background")


class Ending(Unanswered):
    """Records a request once it is over.

    Attributes:
        has_late_span: Whether its span is to be made now that it is over: it was not sampled, and
            failed or was slow.
        is_closed: Whether all is recorded and logged.
    """

    __slots__ = (
        "_endpoint",
        "_error",
        "_inner_error",
        "_is_complete",
        "_is_extended",
        "_is_recorded",
        "_seconds",
        "_sent_bytes",
        "_status",
        "has_late_span",
        "is_closed",
    )

    has_late_span: bool
    is_closed: bool
    _status: int
    _seconds: float
    # Of parts of the body that are not its last message.
    _sent_bytes: int
    _endpoint: str
    _error: BaseException | None
    _inner_error: BaseException | None
    _is_complete: bool
    _is_extended: bool
    _is_recorded: bool

    def _end(self, last: Message, *, is_late: bool) -> None:
        """Record it when its last message is out.

        Args:
            last: That message.
            is_late: Whether it may have passed its deadline.
        """
        if self._seconds >= self._recorder.limits.shortest and _is_short(last):
            with guard("requests"):
                self._is_overdue = self.has_passed(self._seconds)
            is_late = True
        # Behind a middleware that ends what broke inside it, the error is still to come. So is an
        # unhandled exception after its 500, and it belongs in the line.
        if self._inner_error is not None:
            return
        is_failed = self._status >= INTERNAL_ERROR
        try:
            self._record(is_late=is_late)
            if not is_failed:
                self._close(is_late=is_late)
        except Exception as error:  # noqa: BLE001 - the answer is out; the application goes on
            failed("requests", error)

    @property
    def outcome(self) -> Outcome:
        """What became of it, once it has finished."""
        error = self._error if isinstance(self._error, Exception) else None
        return Outcome(
            self._endpoint,
            GATEWAY_TIMEOUT if self._is_overdue else self._status,
            error,
            self._started,
            self._seconds,
            self._is_overdue,
        )

    def _record(self, *, is_late: bool) -> None:
        """Count it, at its end.

        Args:
            is_late: Whether it may have passed its deadline.
        """
        self._is_recorded = True
        if self._is_client_gone or (is_disconnected(self._receive) and not self._is_delivered()):
            self._status = self._left_status()
            self._is_overdue = False
        try:
            self._endpoint = self._recorder.endpoint_of(self.routed, self._status)
        except Exception as error:  # noqa: BLE001 - counted all the same, as `unmatched`
            failed("requests", error)
        if is_late and (self._is_counted or self._is_overdue):
            self._record_late()
            return
        self._count(self._status)

    def _record_late(self) -> None:
        """Count what nobody has counted yet of a request that was not answered in time."""
        if self._is_counted:
            self._is_overdue = self.counted_as == GATEWAY_TIMEOUT
            self._recorder.leave()
            # Of one that the client left, whoever counted it has made no span.
            if self.counted_as == CLIENT_CLOSED_REQUEST:
                self.has_late_span = self._takes_late_span(self._status)
            return
        self._count(GATEWAY_TIMEOUT)
        self._recorder.count_overdue(self._scope["method"], self._endpoint)

    def _count(self, status: int) -> None:
        self.has_late_span = self._takes_late_span(status)
        self._recorder.record(
            self._scope["method"],
            self._endpoint,
            status,
            self._seconds,
            self.request,
            has_late_span=self.has_late_span,
        )

    def _takes_late_span(self, status: int) -> bool:
        seconds = self._seconds
        return self._recorder.takes_late_span(self.request, self._endpoint, status, seconds)

    def _left_status(self) -> int:
        """Return the status of an answer that the client did not wait for; events have no end."""
        is_ended_well = self._error is None or is_left(self._error)
        if self._start is not None and is_ended_well and answer.is_event_stream(self._start):
            status: int = self._start.get("status", INTERNAL_ERROR)
            return status
        return CLIENT_CLOSED_REQUEST

    def _close(self, *, is_late: bool) -> None:
        """Write the line and end the span; nothing more will be known."""
        is_overdue = is_late and self._is_overdue
        self.is_closed = True
        if self.span is not None and not self.is_traced:
            error = self._error if isinstance(self._error, Exception) else None
            with guard("traces"):
                status = GATEWAY_TIMEOUT if is_overdue else self._status
                self.span.finish(self._endpoint, status, error, is_overdue=is_overdue)
        if (
            self._error is not None
            or self._recorder.is_logged(self._status, self._seconds, self._scope)
            or is_overdue
        ):
            self._log_line(is_overdue=is_overdue)

    def _log_line(self, *, is_overdue: bool) -> None:
        scope, error, status = self._scope, self._error, self._status
        method = scope["method"]
        client = scope.get("client")
        address = client[0] if client else None
        line = RequestLine(method, scope["path"], self._endpoint, status, self._seconds, address)
        is_well = status < INTERNAL_ERROR and not is_overdue
        if error is None and is_well and method in HTTP_METHODS:
            line.write(self.request)
            return
        if error is not None:
            mark_logged(error)
        if error is not None and not is_left(error):
            line.log(logging.ERROR, error, is_overdue=is_overdue)
        else:
            line.log(logging.INFO if is_well else logging.WARNING, None, is_overdue=is_overdue)

    def _is_delivered(self) -> bool:
        """Say whether the client had got all there is while it was there, so that it could leave.

        A middleware that streams ends each answer by an empty message, which nobody waits for.
        """
        start = self._start
        if start is None or self._is_client_gone:
            return False
        most = answer.announced_bytes(start, self._scope["method"])
        return most is not None and self._sent_bytes >= most

    def _is_whole(self) -> bool:
        """Say whether the client got all there was, though no last byte was seen to end it well."""
        if self._error is None:
            # Else it gave up, or a message that is not known here ended the answer.
            is_ended = self._is_extended and self._start is not None
            return self._is_complete or is_ended or self._is_delivered()
        if is_left(self._error):
            # Nothing else ends such an answer: the client leaves, or the server stops.
            return answer.is_endless(self._start) or self._is_delivered()
        return False

    def _report_late(self, error: BaseException) -> None:
        """Log what was raised after the answer: by a background task, or by a dependency's end."""
        if is_left(error) or not isinstance(error, Exception):
            return
        mark_logged(error)
        method, path = self._scope["method"], self._scope["path"]
        _background.error(
            "%s %s failed after its answer",
            method,
            path,
            exc_info=error,
            extra={"method": method, "path": path, "route": self._endpoint},
        )


def _is_short(last: Message) -> bool:
    """Say whether sending the last message of an answer has waited for no client."""
    return last["type"] == _WRITTEN and len(last.get("body", b"")) < _SHORT_BYTES


def is_left(error: BaseException) -> bool:
    """Say whether an exception only tells that the client left or that the server gave up."""
    return isinstance(error, ClientDisconnect | asyncio.CancelledError)
