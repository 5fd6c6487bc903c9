"""The gunicorn worker: uvicorn's, with a graceful time-out that is really passed on."""

import asyncio
import logging
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from time import monotonic
from typing import Any, ClassVar, cast

from gunicorn.arbiter import Arbiter
from uvicorn.config import Config
from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

from burnrate.telemetry import workers
from burnrate.telemetry.server.hooks import leave_exit_reason

# uvicorn must give up before gunicorn does: gunicorn's SIGKILL would skip the lifespan's
# shutdown, and with it the last spans and log lines.
_LIFESPAN_SECONDS = 3
# A connection that has been silent for this long is an idle one in the proxy's pool.
_QUIET_SECONDS = 2.0
# A client that ignores `Connection: close` and keeps pipelining must not hold the worker back.
_LONGEST_DRAIN_SECONDS = 8.0
_POLL_SECONDS = 0.02
# What a drain reads of uvicorn's `ServerState`.
_DRAINED = ("connections", "default_headers", "total_requests")
# In place of what a WebSocket's connection has not.
_UNKNOWN = object()


class Worker(UvicornWorker):  # type: ignore[misc]  # it ships no types
    """Serves with uvloop and httptools; leaves the reason of its exit behind for the master."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {"loop": "uvloop", "http": "httptools"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args, **kwargs)
        graceful_seconds = max(1, self.cfg.graceful_timeout - _LIFESPAN_SECONDS)
        self.config.timeout_graceful_shutdown = graceful_seconds
        self.config.server_header = False  # an attacker need not learn that it is uvicorn
        # The base class gives this logger gunicorn's own handlers, of which there are none here.
        logging.getLogger("uvicorn.error").propagate = True

    def run(self) -> None:
        """Serve until the master, a signal or `max_requests` ends it."""
        with asyncio.Runner(loop_factory=self.config.get_loop_factory()) as runner:
            runner.run(self._answer())

    async def _answer(self) -> None:
        # gunicorn sends SIGQUIT for an immediate stop.
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGQUIT, self.handle_exit, signal.SIGQUIT, None
        )
        self.config.app = self.wsgi
        server = _Server(self.config, self._leave)
        try:
            await server.serve(sockets=self.sockets)
        except BaseException:
            self._leave("failed")
            raise
        if not server.started:
            self._leave("failed")
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    def _leave(self, reason: str) -> None:
        folder = workers.directory()
        if folder is not None:
            leave_exit_reason(folder, self.pid, reason)


class _Server(Server):
    """Leaves without losing a request, and says why it leaves before it does.

    uvicorn closes idle connections at once, also one into which a proxy is just writing a request.
    Here the worker takes the connections that wait to be accepted, and then no more, announces
    `Connection: close` with each answer, and waits until nobody has sent a request for a while.
    Then it closes what is idle, but looks before whether something has come that the event loop has
    not seen yet. A stop by signal ends in that signal's death, so the reason has to be left behind
    before.
    """

    def __init__(self, config: Config, leave: Callable[[str], None]) -> None:
        super().__init__(config)
        self._leave = leave

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connections, let the others end, and end the application."""
        self._leave("stopped" if self.should_exit else "recycled")
        if self._can_drain():
            await self._stop_listening(sockets or [])
            drained_seconds = await self._drain()
            await _close_idle(self.server_state.connections)
            graceful_seconds = self.config.timeout_graceful_shutdown or 0
            self.config.timeout_graceful_shutdown = max(1, int(graceful_seconds - drained_seconds))
        await super().shutdown(sockets)

    async def _stop_listening(self, sockets: list[socket.socket]) -> None:
        """Close the listening sockets, and serve the connections that wait in their queues.

        The last process to close one resets those: a stopping master has closed its own, and the
        other workers do at the same moment. Their clients may have sent a request, and nobody may
        send a POST a second time. Who is recycled leaves them to the others.
        """
        waiting: list[socket.socket] = []
        for server in self.servers:
            if self.should_exit:
                # The event loop takes one in each of its turns: there could always be another.
                waiting += (each for listener in server.sockets for each in _accept_all(listener))
            server.close()
        for listener in sockets:
            listener.close()
        await asyncio.gather(*map(self._serve_accepted, waiting))

    async def _serve_accepted(self, connection: socket.socket) -> None:
        loop, config = asyncio.get_running_loop(), self.config
        try:
            await loop.connect_accepted_socket(
                lambda: cast("Any", config.http_protocol_class)(
                    config=config,
                    server_state=self.server_state,
                    app_state=self.lifespan.state,
                    _loop=loop,
                ),
                connection,
                ssl=config.ssl,
                ssl_handshake_timeout=_QUIET_SECONDS if config.ssl else None,
            )
        except OSError:  # its client has left, or is none of TLS
            connection.close()

    def _can_drain(self) -> bool:
        """Say whether uvicorn has what a drain reads (decision 12); else it ends its own way."""
        state = getattr(self, "server_state", None)
        return hasattr(self, "servers") and all(hasattr(state, name) for name in _DRAINED)

    async def _drain(self) -> float:
        state = self.server_state
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        began = last_request = monotonic()
        requests = state.total_requests
        while state.connections:
            if state.total_requests != requests:
                requests, last_request = state.total_requests, monotonic()
            if monotonic() - min(last_request, began + _LONGEST_DRAIN_SECONDS) > _QUIET_SECONDS:
                break
            if self.config.callback_notify is not None:
                await self.config.callback_notify()
            await asyncio.sleep(_POLL_SECONDS)
        return monotonic() - began


def _accept_all(listener: Any) -> Iterator[socket.socket]:  # noqa: ANN401 - asyncio's or uvloop's
    """Yield the connections that wait in the queue of a listening socket."""
    with socket.socket(fileno=os.dup(listener.fileno())) as queue:
        queue.setblocking(False)
        # Until it is empty; or too many files are open, or a client has left meanwhile.
        with suppress(OSError):
            while True:
                yield queue.accept()[0]


async def _close_idle(connections: Iterable[Any]) -> None:
    """Close those without a request; what has just come in on one is answered first."""
    began = monotonic()
    while idle := [each for each in connections if _is_idle(each)]:
        if monotonic() - began > _QUIET_SECONDS:
            return  # half a request: nobody is going to complete it
        for connection in idle:
            if not _has_input(connection.transport):
                connection.shutdown()
        # Those are gone, and others have read what came.
        await asyncio.sleep(_POLL_SECONDS)


def _is_idle(connection: Any) -> bool:  # noqa: ANN401 - uvicorn's, of HTTP or of a WebSocket
    cycle = getattr(connection, "cycle", _UNKNOWN)
    return cycle is None or bool(getattr(cycle, "response_complete", False))


def _has_input(transport: asyncio.Transport) -> bool:
    """Say whether the kernel has something, or the end, that nobody has read."""
    peer = transport.get_extra_info("socket")
    if peer is None or peer.fileno() < 0:
        return False
    asked = select.poll()
    asked.register(peer.fileno(), select.POLLIN)
    return bool(asked.poll(0))
