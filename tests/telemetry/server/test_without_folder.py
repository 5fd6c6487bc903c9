"""Several processes that nobody has given a folder: they find one by themselves, or it is said."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from burnrate.stack import free_port
from tests.servers.groups import launch_group
from tests.support.waiting import wait_until
from tests.telemetry.service import ROOT, Service

pytestmark = pytest.mark.integration

APPLICATION = "tests.telemetry.foreign:create_app"
UVICORN = ["-m", "uvicorn", "--workers", "2", "--port", "PORT", "--factory", APPLICATION]
GUNICORN = [
    "-m", "gunicorn", "--workers", "2", "--worker-class", "uvicorn_worker.UvicornWorker",
    "--no-control-socket", "--bind", "127.0.0.1:PORT", f"{APPLICATION}()",
]  # fmt: skip
# Two processes that share a socket, as of a server that nobody has heard of.
FORKING = """
import os, socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
for _ in range(2):
    if os.fork() == 0:
        import uvicorn
        from tests.telemetry.foreign import create_app
        uvicorn.Server(uvicorn.Config(create_app())).run(sockets=[listener])
        os._exit(0)
listener.close()
os.wait()
"""


@contextmanager
def serving(folder: Path, command: list[str], **environment: str) -> Iterator[Service]:
    port = free_port()
    output = folder / "output.log"
    inherited = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("OTEL_") and key != "PROMETHEUS_MULTIPROC_DIR"
    }
    with output.open("wb") as sink:
        process = launch_group(
            [sys.executable, *(part.replace("PORT", str(port)) for part in command)],
            cwd=ROOT,
            env={**inherited, "TMPDIR": str(folder), **environment},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    service = Service(process, port, output)
    try:
        wait_until(lambda: _answers(service), "an answer")
        yield service
    finally:
        service.stop()


def _answers(service: Service) -> bool:
    assert service.process.poll() is None, service.output.read_text()
    try:
        return service.get("/metrics")[0] == 200
    except OSError:
        return False


def messages(service: Service) -> Counter[str]:
    """Return how often each was logged; servers without our formatter print other lines, too."""
    text = service.output.read_text()
    wanted = ("metrics are shared", "metrics are of one process only", "telemetry failed")
    return Counter({each: text.count(each) for each in wanted})


@pytest.mark.parametrize(
    "command", [UVICORN, GUNICORN, [*GUNICORN, "--preload"]], ids=["uvicorn", "gunicorn", "preload"]
)
def test_workers_share_their_metrics_without_being_told(tmp_path: Path, command: list[str]) -> None:
    """Also those that the application made before it was instrumented."""
    with serving(tmp_path, command) as service:
        wait_until(lambda: service.value("workers") == 2, "two workers")
        for _ in range(40):
            service.get("/shop/orders/7")
        labels = {"method": "GET", "endpoint": "/shop/orders/{order}", "status": "200"}
        wait_until(lambda: service.value("http_requests_total", **labels) == 40)
        for _ in range(10):
            assert service.value("http_requests_total", **labels) == 40
            assert service.value("shop_orders_total", kind="read") == 40
        assert service.value("process_start_time_seconds") > 1_700_000_000
        assert any(name == "python_info" for name, _ in service.samples())
        assert messages(service)["telemetry failed"] == 0
        assert messages(service)["metrics are of one process only"] == 0
        assert messages(service)["metrics are shared"] >= 1


@pytest.mark.parametrize("folder", ["missing", "/dev/null/impossible"])
def test_folder_that_is_set_and_not_there_keeps_no_process_from_its_start(
    tmp_path: Path, folder: str
) -> None:
    """It is made, or else values are in memory: those of the application, too."""
    command = [word for word in UVICORN if word not in ("--workers", "2")]
    with serving(tmp_path, command, PROMETHEUS_MULTIPROC_DIR=str(tmp_path / folder)) as service:
        for _ in range(5):
            assert service.get("/shop/orders/7")[0] == 200
        labels = {"method": "GET", "endpoint": "/shop/orders/{order}", "status": "200"}
        wait_until(lambda: service.value("http_requests_total", **labels) == 5)
        assert service.value("shop_orders_total", kind="read") == 5


def test_folder_of_a_server_that_is_gone_is_removed(tmp_path: Path) -> None:
    """By the next one, so that they do not pile up."""
    for _ in range(2):
        with serving(tmp_path, UVICORN):
            pass
    assert len(list(tmp_path.glob("burnrate-workers-*"))) == 1


def test_processes_that_do_not_know_each_other_say_so_once(tmp_path: Path) -> None:
    """And count it: what is scraped is one of them."""
    program = tmp_path / "forking.py"
    program.write_text(FORKING)
    with serving(tmp_path, [str(program), "PORT"], PYTHONPATH=str(ROOT)) as service:
        for _ in range(20):
            service.samples()
        wait_until(lambda: service.value("telemetry_failures_total", part="workers") == 1)
        assert 1 <= messages(service)["telemetry failed"] <= 2
        assert "other processes answer at the same port" in service.output.read_text()
