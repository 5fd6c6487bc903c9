"""The gunicorn worker: uvicorn's, with a graceful time-out that is really passed on."""

import logging
import socket
import sys
from collections.abc import Callable
from typing import Any

from gunicorn.arbiter import Arbiter
from uvicorn.config import Config
from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

from burnrate.telemetry import multiprocess
from burnrate.telemetry.gunicorn import leave_exit_reason

# uvicorn must give up before gunicorn does: gunicorn's SIGKILL would skip the lifespan's
# shutdown, and with it the last spans and log lines.
_LIFESPAN_SECONDS = 3


class Worker(UvicornWorker):  # type: ignore[misc]  # it ships no types
    """Serves with uvloop and httptools; leaves the reason of its exit behind for the master."""

    CONFIG_KWARGS = {"loop": "uvloop", "http": "httptools"}  # noqa: RUF012 - the base class's

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args, **kwargs)
        graceful_seconds = max(1, self.cfg.graceful_timeout - _LIFESPAN_SECONDS)
        self.config.timeout_graceful_shutdown = graceful_seconds
        # The base class gives these loggers gunicorn's own handlers; here there are none.
        logging.getLogger("uvicorn.error").propagate = True

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = _Server(self.config, self._leave)
        self._install_sigquit_handler()
        try:
            await server.serve(sockets=self.sockets)
        except BaseException:
            self._leave("failed")
            raise
        if not server.started:
            self._leave("failed")
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    def _leave(self, reason: str) -> None:
        folder = multiprocess.directory()
        if folder is not None:
            leave_exit_reason(folder, self.pid, reason)


class _Server(Server):
    """Says why it shuts down before it does: a stop by signal ends in that signal's death."""

    def __init__(self, config: Config, leave: Callable[[str], None]) -> None:
        super().__init__(config)
        self._leave = leave

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._leave("stopped" if self.should_exit else "recycled")
        await super().shutdown(sockets)
