"""Starts the foreign service under gunicorn, with real workers on a free port."""

import http.client
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from burnrate.stack import free_port
from tests.servers.groups import end_group, launch_group
from tests.support.samples import Samples, read_samples
from tests.support.waiting import PATIENCE_SECONDS, wait_until

ROOT = Path(__file__).parents[2]
CONFIGURATION = Path(__file__).with_name("foreign.conf.py")


class Service:
    """A running gunicorn: its address, its process and what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, output: Path) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.output = output

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Return status and body; a connection of its own, so that any worker may answer.

        Raises:
            OSError: The worker did not answer, or was killed amid its answer.
        """
        request = urllib.request.Request(self.url + path, headers=headers or {})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except http.client.HTTPException as error:
            raise ConnectionError("the answer ended early") from error

    def samples(self) -> Samples:
        """Scrape, and return the values by name and labels."""
        status, body = self.get("/metrics")
        assert status == 200
        return read_samples(body.decode())

    def value(self, name: str, **labels: str) -> float:
        """Scrape one value; 0 where there is none."""
        return self.samples().get((name, frozenset(labels.items())), 0.0)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it printed on stdout and stderr, every line of it JSON."""
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    def worker_pids(self) -> list[int]:
        """Return the pids of the worker processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        end_group(self.process)


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Service]:
    """Run the foreign service for a block, output in `folder`."""
    port = free_port()
    output = folder / "output.log"
    command = [
        sys.executable, "-m", "gunicorn", "--config", str(CONFIGURATION),
        "--bind", f"127.0.0.1:{port}", "tests.telemetry.foreign:create_app()",
    ]  # fmt: skip
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    with output.open("wb") as sink:
        process = launch_group(
            command,
            cwd=ROOT,
            env={**inherited, "TMPDIR": str(folder), **environment},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    service = Service(process, port, output)
    try:
        workers = int(environment.get("WORKERS", "4"))
        wait_until(lambda: _has_workers(service, workers), f"{workers} workers")
        yield service
    finally:
        service.stop()


def _has_workers(service: Service, workers: int) -> bool:
    assert service.process.poll() is None, service.output.read_text()
    try:
        return service.value("workers") == workers
    except OSError:
        return False
