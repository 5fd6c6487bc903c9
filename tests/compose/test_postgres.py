"""postgres/ on a real PostgreSQL: the configuration starts, the exporter gets its role."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from burnrate.stack import free_port
from tests.compose.servers import ROOT, wait_for_port
from tests.servers.groups import end_group, launch_group
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

_OWNER = "owner's"
_SECRET = "/etc/burnrate/secrets/postgres_exporter_password"


def _program(name: str) -> str:
    # Debian keeps the servers out of the PATH, one folder a version.
    found = shutil.which(name) or str(
        max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), default="")
    )
    assert found, f"{name} is not installed"
    return found


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL."""

    port: int
    folder: Path

    def psql(self, *arguments: str, user: str = "burnrate", password: str = _OWNER) -> str:
        """Run psql over TCP and return what it prints."""
        environment = {**os.environ, "PGPASSWORD": password}
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", user, "-d", "postgres"]
        command = ["psql", "-X", "-A", "-t", "-q", *address, *arguments]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    def create_exporter(self, password: str) -> None:
        """Run exporter.sql with the secret in a file of this test."""
        secret = self.folder / "secret"
        secret.write_text(password + "\n", encoding="utf-8")
        text = (ROOT / "postgres/exporter.sql").read_text(encoding="utf-8")
        assert _SECRET in text
        script = self.folder / "exporter.sql"
        script.write_text(text.replace(_SECRET, str(secret)), encoding="utf-8")
        self.psql("-f", str(script))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # PostgreSQL refuses to run as root, and pytest's own folders are root's alone.
    user = "postgres" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp())
    data, port = folder / "data", free_port()
    (folder / "owner").write_text(_OWNER, encoding="utf-8")
    if user:
        shutil.chown(folder, user)
        shutil.chown(folder / "owner", user)
    init = ["-D", str(data), "-U", "burnrate", "--auth=scram-sha-256", f"--pwfile={folder}/owner"]
    subprocess.run([_program("initdb"), *init], check=True, capture_output=True, user=user)
    settings = [
        f"config_file={ROOT}/postgres/postgresql.conf",
        f"port={port}",
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
    ]
    options = [argument for setting in settings for argument in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        process = launch_group(
            [_program("postgres"), "-D", str(data), *options], stdout=log, stderr=log, user=user
        )
    try:
        wait_for_port(port, alive=lambda: process.poll() is None)
        yield Server(port, folder)
    finally:
        end_group(process)
        shutil.rmtree(folder)


def test_every_setting_is_known(server: Server) -> None:
    """No line of the file was ignored or refused, on whichever version runs here."""
    refused = server.psql("-c", "SELECT name FROM pg_file_settings WHERE error IS NOT NULL")

    # Only those that the test itself sets over the file.
    assert set(refused.split()) == {"port", "listen_addresses", "unix_socket_directories"}
    assert server.psql("-c", "SHOW max_connections") == "120"


def test_exporter_can_read_statistics_and_no_data(server: Server) -> None:
    """The role sees what monitoring needs and cannot read a table."""
    server.create_exporter("first'pass")
    server.psql("-c", "CREATE TABLE IF NOT EXISTS secrets (id int)")

    def ask(query: str) -> str:
        return server.psql("-c", query, user="exporter", password="first'pass")

    assert ask("SELECT pg_has_role('pg_monitor', 'MEMBER')") == "t"
    assert ask("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = 'exporter'") == "f"
    with pytest.raises(subprocess.CalledProcessError, match="exit status 1"):
        ask("SELECT * FROM secrets")


def test_second_run_sets_the_password_anew(server: Server) -> None:
    """A rotated secret needs nothing but the script again."""
    server.create_exporter("old")
    server.create_exporter("new")

    assert server.psql("-c", "SELECT 1", user="exporter", password="new") == "1"
    with pytest.raises(subprocess.CalledProcessError, match="exit status 2"):
        server.psql("-c", "SELECT 1", user="exporter", password="old")


def test_password_is_in_no_log(server: Server) -> None:
    """The statement that sets the password is not logged, not even when it fails."""
    server.create_exporter("canary-7f3a")
    with pytest.raises(subprocess.CalledProcessError):
        server.psql("-c", "SELECT nonsense FROM nowhere")
    log = server.folder / "log"
    wait_until(lambda: "nowhere" in log.read_text(), "the failed statement's line")
    assert "canary-7f3a" not in log.read_text()
