"""Starts the inbox the way it is run, and in this process."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx2
import uvicorn
from starlette.applications import Starlette

from burnrate.stack import free_port
from burnrate.telemetry.server import BOUNDED_HTTP
from tests.servers.groups import end_group, launch_group
from tests.servers.processes import HOST
from tests.support.waiting import PATIENCE_SECONDS, wait_until

TOKEN = "a-token-of-the-tests-0123456789"
ROOT = Path(__file__).parents[2]


def answers(url: str) -> bool:
    """Whether a GET of the address gives 200."""
    try:
        return httpx2.get(url, timeout=2).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


@contextlib.contextmanager
def serving(
    app: Starlette, http: type[asyncio.Protocol] | Literal["auto"] = "auto"
) -> Iterator[str]:
    """Serve an application from a thread of this process; yields its address."""
    config = uvicorn.Config(
        app, host=HOST, port=0, log_config=None, http=http, ws="none", lifespan="on"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), "the server starts")
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        # Returns as soon as the server has ended; one that has not would serve into the next test.
        thread.join(PATIENCE_SECONDS)


@dataclass
class InboxProcess:
    """The inbox as its own process, on a port it keeps over restarts."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        """Its SQLite file."""
        return self.folder / "inbox.sqlite3"

    @property
    def token_file(self) -> Path:
        """The file its token is in."""
        return self.folder / "token"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.token_file.write_text(TOKEN)
        environment = os.environ | {
            "INBOX_DATABASE_PATH": str(self.database),
            "INBOX_TOKEN_FILE": str(self.token_file),
            "INBOX_LOGIN": "off",
            **self.settings,
        }
        command = [sys.executable, "-m", "uvicorn", "--factory", "alerting.inbox.main:create_app"]
        with (self.folder / "inbox.log").open("ab") as log:
            self.process = launch_group(
                [*command, "--host", HOST, "--port", str(self.port), "--http", BOUNDED_HTTP],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(lambda: answers(f"{self.url}/health/ready"), "the inbox is ready")
        except BaseException:
            self.stop(signal.SIGKILL)
            raise

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; returns its exit code."""
        assert self.process is not None
        process, self.process = self.process, None
        return end_group(process, how)
