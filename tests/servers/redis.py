"""A Redis server of a test's own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from burnrate.stack import free_port
from tests.servers.processes import HOST, ServerProcess, private_folder


class RedisServer(ServerProcess):
    """A server on a free port that keeps everything in memory."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "redis-server is missing: install redis-server"
        self.host = HOST
        self.port = free_port()
        super().__init__(
            [
                program,
                "--port", str(self.port),
                "--bind", HOST,
                "--save", "",
                "--appendonly", "no",
                "--dir", str(folder),
            ],
            folder / "redis.log",
            cwd=folder,
            port=self.port,
        )  # fmt: skip


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """Run an empty server for the block."""
    with private_folder() as folder, RedisServer(folder).running() as server:
        yield server
