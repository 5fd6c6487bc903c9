"""burnrate/telemetry/server/renewal.py: a gunicorn that becomes its next version under load."""

import asyncio
import os
import signal
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
import pytest

from burnrate.stack import free_port
from tests.compose.servers import ROOT, running_nginx
from tests.integration.test_recycling import CLIENTS, counted, post_all
from tests.servers.processes import ServerProcess
from tests.support.waiting import PATIENCE_SECONDS, wait_until
from tests.telemetry.service import running

pytestmark = pytest.mark.integration

# RENEWALS=3 and 50000 are the full measurement.
_RENEWALS = int(os.environ.get("RENEWALS", "1"))
_REQUESTS = int(os.environ.get("RENEWAL_REQUESTS", "800"))
# A trial, a start and an end of all, one after the other.
_PATIENCE_SECONDS = 3 * PATIENCE_SECONDS
_SHARED = "VALUE = {value}\n"
_APP = """
from shared import VALUE

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(VALUE).encode()})
"""
_CONFIGURATION = """
import shared
from burnrate.telemetry import server as telemetry
telemetry.prepare()
worker_class = telemetry.WORKER_CLASS
logconfig_dict = telemetry.log_config("small")
child_exit, on_exit, when_ready = telemetry.child_exit, telemetry.on_exit, telemetry.when_ready
workers, timeout, control_socket_disable = 2, 120, True
"""


def test_renewal_under_post_load_loses_no_request_and_no_count(tmp_path: Path) -> None:
    """Each is answered 200, once; the master is the same process, and all workers are new."""
    with running(tmp_path) as service:
        port = free_port()
        replacements = {
            "api:8000": service.url.removeprefix("http://"),
            "0.0.0.0:8080": f"127.0.0.1:{port}",
            "0.0.0.0:8081": f"127.0.0.1:{free_port()}",
            # All come from here.
            "default 0;": "default 1;",
        }
        with running_nginx(ROOT / "nginx/nginx.conf", tmp_path / "nginx", replacements, port):
            done = threading.Event()

            def renew() -> None:
                try:
                    for _ in range(_RENEWALS):
                        before = set(service.worker_pids())
                        service.process.send_signal(signal.SIGHUP)
                        _wait_until_new(service.process.pid, before)
                finally:
                    done.set()

            renewing = threading.Thread(target=renew)
            renewing.start()
            statuses: Counter[bytes] = Counter()
            while not done.is_set() or statuses.total() < _REQUESTS:
                statuses += asyncio.run(post_all(port, 10 * CLIENTS))
            renewing.join()

        assert dict(statuses) == {b"200": statuses.total()}
        assert counted(service) == statuses.total()
        stopped = 4 * _RENEWALS
        wait_until(
            lambda: service.value("worker_exits_total", reason="stopped") == stopped, "all exits"
        )
        assert service.value("workers") == 4


def test_renewal_takes_new_code_even_of_what_the_master_has_imported(tmp_path: Path) -> None:
    """Which is what gunicorn's own reload keeps; what would not load is refused with its reason."""
    (tmp_path / "app.py").write_text(_APP)
    (tmp_path / "shared.py").write_text(_SHARED.format(value=1))
    (tmp_path / "small.conf.py").write_text(_CONFIGURATION)
    port = free_port()
    command = [
        sys.executable, "-B", "-m", "gunicorn", "--config", "small.conf.py",
        "--bind", f"127.0.0.1:{port}", "app:app",
    ]  # fmt: skip
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "TMPDIR": str(tmp_path)}
    server = ServerProcess(
        ["env", "-C", str(tmp_path), *(f"{k}={v}" for k, v in environment.items()), *command],
        tmp_path / "server",
        port=port,
    )

    def value() -> str:
        with suppress(httpx2.TransportError):
            return httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False).text
        return ""

    with server.running():
        wait_until(lambda: value() == "1", "the service")
        master = server.pid
        workers = {child.pid for child in psutil.Process(master).children()}

        (tmp_path / "shared.py").write_text("VALUE = 1 +\n")
        server.send(signal.SIGHUP)
        wait_until(lambda: "the program is not renewed" in server.log.read_text(), "the refusal")
        assert "SyntaxError" in server.log.read_text()
        assert value() == "1"

        (tmp_path / "shared.py").write_text(_SHARED.format(value=2))
        server.send(signal.SIGHUP)
        _wait_until_new(master, workers)
        assert value() == "2"
        assert server.is_running()


def _wait_until_new(master: int, before: set[int]) -> None:
    """Return once it has workers, and none of those before."""

    def are_new() -> bool:
        now = {child.pid for child in psutil.Process(master).children()}
        return bool(now) and now.isdisjoint(before)

    wait_until(are_new, "new workers alone", seconds=_PATIENCE_SECONDS)


_SLOW_TRIAL = """
import os, pathlib, time
if "--check-config" in os.environ.get("GUNICORN_CMD_ARGS", ""):
    pathlib.Path("tried").touch()
    while not pathlib.Path("go-on").exists():
        time.sleep(0.02)
"""


def test_a_signal_to_end_is_not_lost_in_a_renewal(tmp_path: Path) -> None:
    """It comes while the next program is tried: a stop, or the death of whoever started it."""
    (tmp_path / "app.py").write_text(_APP)
    (tmp_path / "shared.py").write_text(_SHARED.format(value=1))
    (tmp_path / "small.conf.py").write_text(_SLOW_TRIAL + _CONFIGURATION)
    port = free_port()
    server = ServerProcess(
        [sys.executable, "-B", "-m", "gunicorn", "--config", "small.conf.py",
         "--bind", f"127.0.0.1:{port}", "app:app"],
        tmp_path / "server",
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        port=port,
    )  # fmt: skip
    with server.running():
        wait_until(lambda: psutil.Process(server.pid).children(), "workers")
        server.send(signal.SIGHUP)
        wait_until((tmp_path / "tried").exists, "the trial")
        server.send(signal.SIGTERM)
        (tmp_path / "go-on").touch()
        assert server.wait(_PATIENCE_SECONDS) == 0
