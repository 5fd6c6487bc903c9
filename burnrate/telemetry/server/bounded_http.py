"""uvicorn's HTTP protocol with limits on the head of a request: its size, its fields, its time.

With httptools uvicorn has none: a header of 200 MB is kept whole and answered, and half a head
keeps its connection for ever. A proxy in front has limits of its own, which nobody meets who
reaches the server's port.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from burnrate.telemetry.server.joined_writes import JoinedWrites

# Twice what nginx passes on by default (4 buffers of 8 KiB); Node.js takes 16 KiB, h11 64 KiB.
_LONGEST_HEAD_BYTES: Final = 65_536
# As gunicorn's own workers have it (`limit_request_fields`).
_MOST_FIELDS: Final = 100
# From the first byte, or from the connection where none comes. As nginx here.
_HEAD_SECONDS: Final = 10.0
# What a client sends may be as long as all that; an answer need not repeat it.
_LONGEST_PATH: Final = 1_000
# The names by which an answer that reaches a browser does no harm there.
_HEADERS: Final = (
    b"content-type: application/json\r\n"
    b"x-content-type-options: nosniff\r\n"
    b"cache-control: no-store\r\n"
    b"connection: close\r\n"
)


class BoundedHttp(HttpToolsProtocol):
    """Answers 431 to a head that is too large, 408 to one that does not come, in JSON.

    The size also bounds whatever else keeps the parser from getting anywhere: trailers, which are
    dropped, and the lines between the chunks of a body. What the parser cannot read, such as a
    target that is no ASCII, gets 400 in the same form.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*args, **kwargs)
        self._waiting_bytes = 0  # received since a head or a piece of a body was complete
        self._head_timer: asyncio.TimerHandle | None = None
        self._is_in_body = False
        self._is_upgraded = False
        self._refusal = HTTPStatus.BAD_REQUEST

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as its base
        """Begin to wait for a head."""
        self._writes = JoinedWrites(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", self._writes))
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on what came, unless it is too much."""
        self._waiting_bytes += len(data)
        super().data_received(data)
        if self._is_upgraded or self.transport.is_closing():
            return
        if self._waiting_bytes > _LONGEST_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._waiting_bytes and not self._is_in_body and self._head_timer is None:
            self._expect_head()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, as it came."""
        self._is_upgraded = True
        self._writes.flush()
        self.transport = self._writes.transport
        super().handle_websocket_upgrade()

    def on_headers_complete(self) -> None:
        """Look at the head as a whole before anybody acts on it."""
        self._waiting_bytes = 0
        self._is_in_body = True
        self._stop_timer()
        length = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if length > _LONGEST_HEAD_BYTES or len(self.headers) > _MOST_FIELDS:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise ValueError("the head is too large")
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            # Trailers would be added to those that the application has already.
            self.headers = []

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of a body."""
        self._waiting_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; another may follow."""
        self._waiting_bytes = 0
        self._is_in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser could not read, or what was refused meanwhile."""
        refusal = self._refusal
        self._answer(refusal, msg if refusal == HTTPStatus.BAD_REQUEST else refusal.phrase)

    def _refuse(self, status: HTTPStatus) -> None:
        self.logger.warning("HTTP request refused", extra={"status_code": int(status)})
        self._answer(status, status.phrase)

    def _answer(self, status: HTTPStatus, message: str) -> None:
        if not self._is_answering():
            path = bytes(getattr(self, "url", b"")).partition(b"?")[0][:_LONGEST_PATH]
            body = {"error": message, "path": path.decode("latin-1")}
            content = json.dumps({**body, "request_id": None, "trace_id": None}).encode()
            line = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
            length = b"content-length: %d\r\n\r\n" % len(content)
            self.transport.write(line + _HEADERS + length + content)
        self.transport.close()

    def _is_answering(self) -> bool:
        """Say whether this would stand in the middle of another answer."""
        return self._is_at_work() and self.cycle.response_started

    def _is_at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(_HEAD_SECONDS, self._end_head)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_head(self) -> None:
        self._head_timer = None
        if self._is_at_work():
            self._expect_head()  # the next request's; the answer to this one comes first
        elif self._waiting_bytes:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()
