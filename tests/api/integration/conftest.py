"""Real servers for the service's tests."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from redis import Redis

from tests.servers.api import ApiServer, running_api
from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.redis import RedisServer, running_redis

# On a busy machine Redis or PostgreSQL may answer later than the service waits for them. It then
# goes on without, as it should: tests that are not about this see to it that it does not happen.
_PATIENT = {
    "REDIS_TIMEOUT_SECONDS": "60",
    "REDIS_POOL_TIMEOUT_SECONDS": "60",
    "DATABASE_ACQUIRE_TIMEOUT_SECONDS": "60",
    "DATABASE_STATEMENT_TIMEOUT_SECONDS": "60",
    "DATABASE_COMMAND_TIMEOUT_SECONDS": "60",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder: all of it starts servers."""
    for item in items:
        if "tests/api/integration" in str(item.path):
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL for tests that leave it as it is."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """Run a Redis for tests that leave it as it is."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> str:
    """Return the name of a new, empty database."""
    name = f"test_{uuid4().hex}"
    asyncio.run(postgres.create_database(name))
    return name


@pytest.fixture(scope="module")
def addresses(postgres: PostgresServer, redis: RedisServer, database: str) -> dict[str, str]:
    """Return the settings by which a service finds its servers, nothing cached from before."""
    with Redis(host=redis.host, port=redis.port) as client:
        client.flushall()
    return {
        "DATABASE_HOST": postgres.host,
        "DATABASE_PORT": str(postgres.port),
        "DATABASE_NAME": database,
        "REDIS_HOST": redis.host,
        "REDIS_PORT": str(redis.port),
    }


@pytest.fixture(scope="module")
def backends(addresses: dict[str, str]) -> dict[str, str]:
    """Return the same settings with time-outs that no busy machine reaches."""
    return {**addresses, **_PATIENT}


@pytest.fixture(scope="module")
def api(backends: dict[str, str]) -> Iterator[ApiServer]:
    """Run the service with four workers."""
    with running_api(**backends, RATE_LIMIT_PROCESS_PER_MINUTE="1000000") as server:
        yield server
