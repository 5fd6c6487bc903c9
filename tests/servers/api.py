"""The service as it runs in production: gunicorn with its workers."""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil

from burnrate.stack import free_port
from tests.servers.processes import HOST, ROOT, ServerProcess, private_folder
from tests.support.waiting import PATIENCE_SECONDS, wait_until, wait_until_async


class ApiServer(ServerProcess):
    """gunicorn on a free port.

    Args:
        folder: For its log.
        settings: Environment variables, over the test's own.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self.base_url = f"http://{HOST}:{self.port}"
        # Nothing that the machine happens to have set may decide what a test sees.
        inherited = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "PYTHONPATH")}
        super().__init__(
            [
                sys.executable, "-m", "gunicorn",
                "--config", "api/gunicorn.conf.py",
                "api.main:create_app()",
            ],
            folder / "api.log",
            env={**inherited, "API_BIND": f"{HOST}:{self.port}", **settings},
            cwd=ROOT,
        )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Return once every worker has started."""
        self.wait_listening(self.port)
        workers = int((self._env or {}).get("WEB_CONCURRENCY", "4"))
        wait_until(lambda: self.count_started() >= workers or not self.is_running(), "the workers")
        assert self.is_running(), self.output()

    def worker_pids(self) -> list[int]:
        """Return the ids of the workers."""
        return [child.pid for child in psutil.Process(self.pid).children()]

    def log_lines(self) -> list[dict[str, Any]]:
        """Return the log, each line of which must be JSON; what has no end yet is none."""
        return [json.loads(line) for line in self.log.read_text().split("\n")[:-1]]

    def client(self, **options: Any) -> httpx2.Client:  # noqa: ANN401 - httpx2's
        """Return a client of the service."""
        return httpx2.Client(base_url=self.base_url, timeout=PATIENCE_SECONDS, **options)

    def count_started(self) -> int:
        """Return how many workers have started so far."""
        return self.log.read_text().count("Application startup complete")


async def wait_until_in_progress(client: httpx2.AsyncClient, count: int) -> None:
    """Return once the service is at so many requests, which have to last longer than a scrape."""

    async def is_at_them() -> bool:
        metrics = (await client.get("/metrics")).text
        [value] = re.findall(r"^http_requests_in_progress (\S+)$", metrics, re.MULTILINE)
        return float(value) >= count

    await wait_until_async(is_at_them, f"{count} requests in progress", every_seconds=0.05)


@contextmanager
def running_api(**settings: str) -> Iterator[ApiServer]:
    """Run the service for the block, with these environment variables."""
    with private_folder() as folder, ApiServer(folder, settings).running() as server:
        yield server
