"""How the service starts, or does not."""

import asyncio
from pathlib import Path
from uuid import uuid4

from tests.servers.api import ApiServer, running_api
from tests.servers.postgres import PostgresServer


def test_wrong_setting_ends_gunicorn_with_one_line(
    backends: dict[str, str], tmp_path: Path
) -> None:
    """No traceback, no worker, exit code 1."""
    server = ApiServer(tmp_path, {**backends, "CACHE_TTL_SECONDS": "soon"})
    server.launch()
    assert server.wait() == 1
    [line] = server.log.read_text().splitlines()
    assert line.startswith("api: wrong setting: CACHE_TTL_SECONDS: Input should be")


def test_workers_that_start_at_once_migrate_once(
    backends: dict[str, str], postgres: PostgresServer
) -> None:
    """Eight of them, on an empty database."""
    name = f"test_{uuid4().hex}"
    asyncio.run(postgres.create_database(name))
    with running_api(**{**backends, "DATABASE_NAME": name, "WEB_CONCURRENCY": "8"}) as api:
        lines = api.log_lines()
    applied = [line["migration"] for line in lines if line["message"] == "migration applied"]
    assert applied == ["0001"]
    assert sum(line["message"] == "database ready" for line in lines) == 8
    assert not [line for line in lines if line["level"] in ("warning", "error", "critical")]
