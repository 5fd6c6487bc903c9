"""PostgreSQL as a plain process: what its image's entry point does in a container."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from burnrate.stack.addresses import LOOPBACK, AddressMap
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.programs import find_postgres_program
from burnrate.stack.processes.rendering import RenderedPart
from burnrate.stack.processes.users import User

# Where the image's entry script looks.
_SCRIPT_DIRECTORY = "docker-entrypoint-initdb.d"
_SETUP_SECONDS = 120


@dataclass(frozen=True)
class Cluster:
    """The database server's data, and how it is set up.

    Attributes:
        server: The server's program.
        environment: As the server has it: PGDATA, and the image's POSTGRES_... .
        user: Whom the server runs as; None for the user of this process.
        volume: The folder that PGDATA is in.
        scratch: A folder of the server's own.
        scripts: SQL to run once, in this order.
        port: Where the server listens, on the loopback.
    """

    server: Path
    environment: Mapping[str, str]
    user: User | None
    volume: Path
    scratch: Path
    scripts: tuple[Path, ...]
    port: int

    @property
    def directory(self) -> Path:
        """Where the data is; raises StackError if that is not in the volume."""
        directory = Path(self.environment.get("PGDATA", ""))
        if not directory.is_relative_to(self.volume):
            raise StackError("docker-compose.yml: postgres needs PGDATA inside its data volume")
        return directory

    def create(self) -> None:
        """Make the data directory at the first start; complete or not at all.

        Raises:
            StackError: there is data of another version, or initdb fails.
        """
        if self.user is not None:
            _chown([self.scratch, self.volume], self.user)
        if (self.directory / "PG_VERSION").exists():
            self._check_version()
            return
        unfinished = self.directory.with_name(self.directory.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._initdb(unfinished)
        unfinished.rename(self.directory)

    def set_up(self) -> None:
        """Make the database on the running server and run the scripts, once for each new data.

        Raises:
            StackError: psql fails; the message has its reason.
        """
        done = self.volume / ".set-up"
        if done.exists():
            return
        database = self._setting("POSTGRES_DB") or self._user()
        exists = f"SELECT 1 FROM pg_database WHERE datname = '{database}'"  # noqa: S608
        if not self._psql("postgres", ["--tuples-only", f"--command={exists}"]).strip():
            self._psql("postgres", [f'--command=CREATE DATABASE "{database}"'])
        for script in self.scripts:
            self._psql(database, ["--single-transaction", f"--file={script}"])
        done.touch()

    def _initdb(self, directory: Path) -> None:
        password = self.scratch / "password"
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(self._password(), encoding="utf-8")
        if self.user is not None:
            _chown([password], self.user)
        arguments = [
            f"--pgdata={directory}",
            f"--username={self._user()}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            *shlex.split(self._setting("POSTGRES_INITDB_ARGS")),
        ]
        try:
            self._run("initdb", arguments, user=self.user)
        finally:
            password.unlink()

    def _psql(self, database: str, arguments: list[str]) -> str:
        target = [f"--host={LOOPBACK}", f"--port={self.port}", f"--username={self._user()}"]
        options = ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"]
        environment = {"PGPASSWORD": self._password()}
        return self._run(
            "psql", [*target, f"--dbname={database}", *options, *arguments], environment=environment
        )

    def _run(
        self,
        name: str,
        arguments: list[str],
        *,
        user: User | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        version = self._version() if name == "psql" else None
        program = find_postgres_program(name, version)
        if program is None:
            raise StackError(f"{name} is not installed: it comes with PostgreSQL")
        done = subprocess.run(
            [str(program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SETUP_SECONDS,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            # A directory that the other user can be in.
            cwd="/",
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "LC_ALL": "C.UTF-8",
                **(environment or {}),
            },
        )
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or done.stdout.strip().splitlines() or [""]
            raise StackError(f"postgres: {name}: {lines[-1].strip()}", log_tail=lines[:-1][-10:])
        return done.stdout

    def _check_version(self) -> None:
        version = self._version()
        installed = self.server.parent.parent.name
        # Elsewhere than on Debian the directory does not tell; the server itself refuses.
        if installed.isdigit() and installed != version:
            raise StackError(
                f"{self.directory} was made by PostgreSQL {version}, installed is {installed}: "
                f"install {version}, or delete the data: make down WIPE=1"
            )

    def _version(self) -> str | None:
        marker = self.directory / "PG_VERSION"
        return marker.read_text(encoding="ascii").strip() if marker.exists() else None

    def _user(self) -> str:
        return self._setting("POSTGRES_USER") or "postgres"

    def _password(self) -> str:
        return self._setting("POSTGRES_PASSWORD")

    def _setting(self, variable: str) -> str:
        """Return a variable's value, from the file that `..._FILE` names if that is set."""
        if path := self.environment.get(f"{variable}_FILE"):
            return Path(path).read_text(encoding="utf-8").strip()
        return self.environment.get(variable, "")


def cluster_of(part: RenderedPart, layout: Layout, addresses: AddressMap) -> Cluster:
    """Return the cluster of the part that is PostgreSQL."""
    return Cluster(
        server=Path(part.program.arguments[0]),
        environment=part.program.environment,
        user=part.program.user,
        volume=layout.data / part.name,
        scratch=layout.run / part.name,
        scripts=tuple(path for path in sorted(part.files) if path.suffix == ".sql"),
        port=addresses.port(part.name),
    )


def _chown(paths: list[Path], user: User) -> None:
    for path in paths:
        os.chown(path, user.uid, user.gid)
