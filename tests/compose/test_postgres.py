"""postgres/ on a real PostgreSQL: the configuration starts, the exporter gets its role."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

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


_QUERIES = yaml.safe_load((ROOT / "postgres/queries.yml").read_text(encoding="utf-8"))


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

    def is_ready(self) -> bool:
        """Say whether it answers a query."""
        try:
            return self.psql("-c", "SELECT 1") == "1"
        except subprocess.CalledProcessError:
            return False

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
        started = Server(port, folder)
        # It listens before it answers, with libraries to load for longer.
        wait_until(started.is_ready, "an answer of the database")
        yield started
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


@pytest.mark.parametrize("name", _QUERIES)
def test_exporter_may_ask_what_it_is_given(server: Server, name: str) -> None:
    """Each query runs with the exporter's rights, on a server that lacks the extension too."""
    server.create_exporter("pass")
    query = _QUERIES[name]["query"]
    columns = {column for metric in _QUERIES[name]["metrics"] for column in metric}

    for change in ("CREATE EXTENSION IF NOT EXISTS", "DROP EXTENSION"):
        server.psql("-c", f"{change} pg_stat_statements")
        found = server.psql(
            "-P", "tuples_only=off", "-c", query, user="exporter", password="pass"
        ).splitlines()
        # Without unaligned rows there is at least the line of names.
        assert set(found[0].split("|")) == columns


def test_statements_are_counted_without_what_they_are_about(server: Server) -> None:
    """Constants are replaced, and what changes a password is not kept at all."""
    server.create_exporter("canary-91c2")
    server.psql("-c", "SELECT 'canary-4de8'")
    kept = server.psql("-c", "SELECT query FROM pg_stat_statements")
    text = server.psql(
        "-c", _QUERIES["pg_statement_text"]["query"], user="exporter", password="canary-91c2"
    )

    assert "SELECT $1" in kept
    assert "SELECT $1" in text
    assert "canary" not in kept + text
    assert "PASSWORD" not in kept
