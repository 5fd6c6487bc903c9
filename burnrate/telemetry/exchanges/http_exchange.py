"""One HTTP request as the client saw it: one count, one duration, one log line."""

from collections.abc import Awaitable
from time import perf_counter
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.endpoints import UNMATCHED
from burnrate.telemetry.exchanges import answer
from burnrate.telemetry.exchanges.answer import BODIES, INTERNAL_ERROR, START, TRAILERS
from burnrate.telemetry.exchanges.ending import Ending
from burnrate.telemetry.exchanges.unanswered import is_disconnected
from burnrate.telemetry.failures import failed, guard
from burnrate.telemetry.logs import RequestLine
from burnrate.telemetry.metrics import HTTP_METHODS
from burnrate.telemetry.recorder import HttpRecorder

_CLIENT_ERROR: Final = 400
# What RequestLine(...) calls; calling it directly saves a Python function.
_new: Final = tuple.__new__


class HttpExchange(Ending):
    """Stands between server and application for one request.

    The status is 500 until the application says otherwise, 499 when the client left before the
    last byte, and 500 again when an answer breaks after its 200.

    Attributes:
        is_plain: Whether it went well and fast, and all is recorded and logged.
    """

    __slots__ = ("_ends", "_more", "_send", "is_plain")

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request: RequestInfo,
        recorder: HttpRecorder,
    ) -> None:
        self._started = perf_counter()
        self._scope = self.routed = scope
        self._receive = receive
        self._send = send
        self.request = request
        self._recorder = recorder
        self._ends = BODIES
        self._more = "more_body"
        self._status = INTERNAL_ERROR
        self._endpoint = UNMATCHED
        self._seconds = self._read_seconds = 0.0
        self._sent_bytes = 0
        self.span = self.parent = self.counted_as = None
        self._start = self._error = self._inner_error = None
        self._is_client_gone = self._is_body_read = self._is_reading = False
        self._is_counted = self._is_overdue = self.is_exempt = False
        self._is_complete = self._is_extended = self._is_recorded = False
        self.has_late_span = self.is_closed = self.is_plain = False
        recorder.enter(1.0)
        recorder.open[self] = None

    async def receive(self) -> Message:
        """Pass on what the client sends, noticing when it leaves."""
        if self._is_body_read:
            message = await self._receive()
        else:
            self._is_reading = True
            try:
                message = await self._receive()
                # Before anybody can see that it reads no more.
                self._read_seconds = perf_counter() - self._started
            finally:
                self._is_reading = False
            self._is_body_read = not message.get("more_body", False)
        if message["type"] == "http.disconnect" and not self._is_complete:
            self._is_client_gone = not self._is_delivered()
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Pass on what the application answers; the last byte ends the duration."""
        kind = message["type"]
        if kind == START:
            message = self._announce(message)
        elif kind in self._ends:
            if not message.get(self._more, False):
                return self._send_last(message)
            self.begin_answer(message)
            return self._send_part(message)
        elif kind in BODIES:  # trailers follow
            self.begin_answer(message)
        elif answer.is_extension(kind):
            self._is_extended = True
            self.begin_answer(message)
        return self._send(message)

    def _announce(self, message: Message) -> Message:
        status = message.get("status", INTERNAL_ERROR)
        if status.__class__ is not int:  # an enumeration's is shown by its name
            status = int(status)
        self._status = status
        # A server closes the connection after an application raised. Announced, so that no proxy
        # sends its next request into a connection that is about to close.
        is_closing = status >= _CLIENT_ERROR and answer.is_unhandled(self._scope)
        message = answer.with_headers(message, self.request.request_id, is_closing=is_closing)
        if self._recorder.internal:
            message = self._for_proxy(message)
        if message.get("trailers", False):
            self._ends, self._more = TRAILERS, "more_trailers"
            self._is_extended = True  # a server that knows no trailers is not sent any
        self._start = message
        # As `is_disconnected`, which each request would have to call.
        if getattr(getattr(self._receive, "__self__", None), "disconnected", False) is True:
            self._is_client_gone = True
        return message

    async def _send_part(self, message: Message) -> None:
        is_lost = self._is_client_gone or is_disconnected(self._receive)
        await self._send(message)
        if not is_lost:
            self._sent_bytes += len(message.get("body", b""))

    def _for_proxy(self, message: Message) -> Message:
        with guard("requests"):
            recorder, scope = self._recorder, self.routed
            kind, deadline = recorder.kind_of(scope), recorder.deadline_of(scope)
            if kind is not None or deadline is not None:
                return answer.for_proxy(message, kind, deadline)
        return message

    async def _send_last(self, message: Message) -> None:
        recorder = self._recorder
        is_late = False
        try:
            del recorder.open[self]
        except KeyError:
            self._is_counted |= not (self.is_exempt or self._is_complete)
            is_late = self._is_counted
        try:
            await self._send(message)
        except BaseException:
            self.is_exempt = True  # it is ours to count
            raise
        if self._is_complete:
            return
        self._is_complete = True
        seconds = self._seconds = perf_counter() - self._started
        if (
            is_late
            or seconds >= recorder.slow_seconds
            or seconds >= recorder.limits.shortest
            or self._status >= INTERNAL_ERROR
            or self._inner_error is not None
            or self._error is not None
            or self.span is not None
            or self._is_client_gone
            # As `is_disconnected`, which each request would have to call.
            or getattr(getattr(self._receive, "__self__", None), "disconnected", False) is True
            or self._scope["method"] not in HTTP_METHODS
        ):
            self._end(message, is_late=is_late)
            return
        try:
            self._end_well(seconds)
        except Exception as error:  # noqa: BLE001 - the answer is out; the application goes on
            failed("requests", error)

    def _end_well(self, seconds: float) -> None:
        """Record what went well and fast, as `_end` would."""
        scope, status, request, recorder = self._scope, self._status, self.request, self._recorder
        method = scope["method"]
        self._is_recorded = True
        endpoint = recorder.record_well(self.routed, method, status, seconds, request)
        self._endpoint = endpoint
        self.is_closed = self.is_plain = True
        if recorder.is_logged(status, seconds, scope):
            client = scope.get("client")
            line: RequestLine = _new(
                RequestLine,
                (method, scope["path"], endpoint, status, seconds, client[0] if client else None),
            )
            line.write(request)

    def break_inside(self, error: BaseException) -> None:
        """Remember what the routes raised: a middleware around them may end the answer."""
        if not self._is_complete:
            self._inner_error = error

    def fail(self, error: BaseException) -> None:
        """Remember what the application raised; `finish` logs it."""
        if self.is_closed:
            with guard("requests"):
                self._report_late(error)
            return
        self._error = error
        if isinstance(error, ClientDisconnect) and not self._is_complete:
            self._is_client_gone = not self._is_delivered()

    def finish(self) -> None:
        """Record and log what is not recorded and logged yet: the application has returned."""
        if not self._is_recorded:
            if not self._is_complete:
                self._seconds = perf_counter() - self._started
                if not self.is_exempt:
                    self.claim()
            with guard("requests"):
                if not self._is_whole():
                    self._status = INTERNAL_ERROR
                if not self._is_complete:
                    self._is_overdue = self.has_passed(self._seconds)
                self._record(is_late=True)
        with guard("requests"):
            self._close(is_late=True)
