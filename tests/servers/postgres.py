"""A PostgreSQL server of a test's own."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil

from burnrate.stack import free_port
from tests.servers.processes import HOST, ServerProcess, private_folder
from tests.support.waiting import PATIENCE_SECONDS, wait_until

# PostgreSQL refuses to run as root; Debian's package makes this user.
OS_USER = "postgres"
SUPERUSER = "postgres"


class PostgresServer(ServerProcess):
    """A cluster on a free port; everyone on the loopback interface is trusted.

    Args:
        folder: Belongs to `OS_USER`.
    """

    def __init__(self, folder: Path) -> None:
        self.host = HOST
        self.port = free_port()
        self._data = folder / "data"
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": str(folder),
            # The data is gone with the test: nothing has to reach the disk.
            "fsync": "off",
            "max_connections": "200",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        super().__init__(
            [_program("postgres"), "-D", str(self._data), *options],
            folder / "postgres.log",
            user=OS_USER,
            cwd=folder,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        )
        self._folder = folder

    def create(self) -> None:
        """Make the cluster."""
        subprocess.run(
            [_program("initdb"), "-D", str(self._data), "-A", "trust", "-U", SUPERUSER, "-N"],
            check=True,
            capture_output=True,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            cwd=self._folder,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        )

    def wait_until_ready(self) -> None:
        """Return once it accepts connections."""
        # It listens a little before it lets anyone in.
        wait_until(lambda: self._is_ready() or not self.is_running(), "PostgreSQL")
        assert self.is_running(), self.output()

    def stop(self, signal_number: signal.Signals = signal.SIGINT) -> int:
        """Stop it: SIGINT ends sessions first, SIGQUIT ends everything at once."""
        return super().stop(signal_number)

    def tree(self) -> list[psutil.Process]:
        """Return the server's processes: its own, its helpers', its sessions'."""
        process = psutil.Process(self.pid)
        return [process, *process.children(recursive=True)]

    def _is_ready(self) -> bool:
        asked = subprocess.run(
            [_program("pg_isready"), "-q", "-h", HOST, "-p", str(self.port)], check=False
        )
        return asked.returncode == 0

    async def create_database(self, name: str, owner: str = "burnrate") -> None:
        """Make an empty database with an owner who may do nothing else."""
        connection = await self.connect("postgres")
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", owner):
                await connection.execute(f'CREATE ROLE "{owner}" LOGIN')
            await connection.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"')
        finally:
            await connection.close()

    async def connect(
        self, database: str, user: str = SUPERUSER
    ) -> "asyncpg.Connection[asyncpg.Record]":
        """Return a connection of the test's own."""
        return await asyncpg.connect(
            host=self.host, port=self.port, user=user, database=database, timeout=PATIENCE_SECONDS
        )


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Run a new cluster for the block."""
    with private_folder(OS_USER) as folder:
        server = PostgresServer(folder)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)


def _program(name: str) -> str:
    # Debian keeps the server's programs off the PATH, a folder for each version.
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    search = ":".join(map(str, folders))
    found = shutil.which(name, path=search) or shutil.which(name)
    assert found is not None, f"{name} is missing: install postgresql"
    return found
