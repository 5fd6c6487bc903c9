"""gunicorn with one variant of the application, on a free port."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import psutil
from starlette.types import ASGIApp

from bench.measuring.driver import CHECKOUT, clean_environment, end
from bench.telemetry.applications import PATH, build
from burnrate.cli import CommandError
from burnrate.stack import free_port

_START_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.1
_TAIL_LINES: Final = 8


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """Return what its workers have used so far."""
        times = (child.cpu_times() for child in psutil.Process(self.pid).children())
        return sum(each.user + each.system for each in times)


def create_app() -> ASGIApp:
    """Return the application of the variant that `BURNRATE_BENCH_INSTRUMENTATION` names."""
    return build(os.environ["BURNRATE_BENCH_INSTRUMENTATION"]).asgi


@contextmanager
def running_server(
    instrumentation: str, workers: int, environment: Mapping[str, str]
) -> Iterator[Server]:
    """Run the application until the context ends; it may still be starting.

    Raises:
        CommandError: gunicorn does not come up.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="burnrate-bench-"))
        errors = stack.enter_context(tempfile.TemporaryFile())
        port = free_port()
        process = subprocess.Popen(  # noqa: S603 - gunicorn of this interpreter
            [
                *(
                    sys.executable,
                    "-m",
                    "gunicorn",
                    "--config",
                    "python:bench.telemetry.gunicorn_conf",
                ),
                "bench.telemetry.server:create_app()",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is for the coordinator, which then stops its servers
            cwd=CHECKOUT,
            env=clean_environment(
                {
                    "BURNRATE_BENCH_BIND": f"127.0.0.1:{port}",
                    "BURNRATE_BENCH_INSTRUMENTATION": instrumentation,
                    "BURNRATE_BENCH_WORKERS": str(workers),
                    "TMPDIR": folder,
                    **environment,
                }
            ),
        )
        stack.callback(_stop, process)
        if not _wait(process, port, workers):
            errors.seek(0)
            tail = errors.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
            raise CommandError(f"gunicorn with {instrumentation} does not start", log_tail=tail)
        yield Server(f"http://127.0.0.1:{port}{PATH}", process.pid)


def _wait(process: "subprocess.Popen[bytes]", port: int, workers: int) -> bool:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if _answers(port) and len(psutil.Process(process.pid).children()) == workers:
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _answers(port: int) -> bool:
    request = f"GET {PATH} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(request)
            return b" 200 " in connection.recv(4096)
    except OSError:
        return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop the master and whatever worker it leaves behind."""
    try:
        workers = psutil.Process(process.pid).children()
    except psutil.NoSuchProcess:
        workers = []
    end(process, is_asked=True)
    for worker in workers:
        if worker.is_running():  # psutil knows it by its start time too, not by its number alone
            worker.kill()
