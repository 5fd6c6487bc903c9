"""Where not everything of Linux is there, one process is measured and logged all the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Other people's modules come before all but /proc goes: what they ask this machine for is there.
SCRIPT = """
import asyncio, builtins, io, mmap, os, select, socket, subprocess, sys, tempfile

own_open, own_os_open = io.open, os.open
def refusing(opening):
    def open_(path, *arguments, **options):
        if str(path).startswith("/proc"):
            raise FileNotFoundError(2, "no such file", path)
        return opening(path, *arguments, **options)
    return open_
builtins.open = io.open = refusing(own_open)
os.open = refusing(own_os_open)

import fastapi.testclient, prometheus_client, pydantic_settings, pythonjsonlogger.json
import opentelemetry.baggage, opentelemetry.metrics, opentelemetry._logs, http.server
import opentelemetry.propagate, multiprocessing

LACKING = {
    # https://docs.python.org/3/library/os.html, select, socket and fcntl, by their "Availability"
    "win32": [
        (os, "register_at_fork fork get_blocking set_blocking geteuid getuid pread posix_fallocate"
             " O_CLOEXEC O_DIRECTORY O_NONBLOCK O_NOCTTY kill"),
        (select, "poll POLLOUT PIPE_BUF"),
        (socket, "MSG_DONTWAIT"),
        (mmap, "PROT_READ PROT_WRITE MAP_SHARED"),
    ],
    "darwin": [(os, "posix_fallocate sched_getaffinity"), (__import__("fcntl"), "F_GETPIPE_SZ")],
}
platform = sys.argv[1]
for module, names in LACKING[platform]:
    for name in names.split():
        delattr(module, name)
if platform == "win32":
    for name in ("fcntl", "termios", "resource", "pwd", "grp"):
        sys.modules[name] = None
sys.platform = platform

from burnrate.telemetry import instrument
sys.platform = "linux"  # others ask later what they may use
app = fastapi.FastAPI()
app.get("/orders/{order}")(lambda order: int(order))
telemetry = instrument(app, service="shop")
telemetry.counter("shop_orders", "Orders.").inc()
with fastapi.testclient.TestClient(app, raise_server_exceptions=False) as client:
    client.get("/orders/7")
    client.get("/orders/none")
    text = client.get("/metrics").text
sys.stderr.write(text)
"""


@pytest.mark.parametrize("has_folder", [False, True])
@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_one_process_works_without_what_a_platform_lacks(
    platform: str, *, has_folder: bool, tmp_path: Path
) -> None:
    """Metrics, whole lines, and an exception; a folder for many workers does no harm."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    if has_folder:
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, platform],
        cwd=ROOT, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    metrics = done.stderr
    for status, count in (("200", 1), ("500", 1)):
        series = (
            f'http_requests_total{{endpoint="/orders/{{order}}",method="GET",status="{status}"}}'
        )
        assert f"{series} {count}.0" in metrics
    assert "shop_orders_total 1.0" in metrics
    assert "process_cpu_seconds_total " in metrics
    assert "process_resident_memory_bytes" not in metrics, "nobody knows it there"
    assert "telemetry_failures_total{" in metrics
    assert [
        line for line in metrics.splitlines() if "failures_total{" in line and " 0.0" not in line
    ] == []
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    requests = [line for line in lines if line["logger"] == "burnrate.request"]
    assert [line["status_code"] for line in requests] == [200, 500]
    assert "ValueError" in requests[1]["exception_type"]
